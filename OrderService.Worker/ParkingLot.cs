using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;
using OrderService.Worker.Consumers;

namespace OrderService.Worker;

/// <summary>
/// Puts incoming messages aside, so that they hold up nobody: with a time for the next try, or parked until a person replays them. Putting the
/// same message aside again changes nothing.
/// </summary>
internal sealed partial class ParkingLot(IServiceScopeFactory scopes, TimeProvider time, ILogger<ParkingLot> logger)
{
    /// <summary>Puts an incoming message aside to be tried again after <paramref name="wait"/>.</summary>
    public Task DeferAsync(IncomingMessage message, string error, TimeSpan wait, CancellationToken cancellationToken) =>
        AddAsync(ToRow(message, error, time.Now() + wait), cancellationToken);

    /// <summary>Parks an incoming message.</summary>
    public async Task ParkAsync(IncomingMessage message, string error, CancellationToken cancellationToken)
    {
        await AddAsync(ToRow(message, error, null), cancellationToken);
        NoteParked(message.Topic, message.Key, message.Id, error);
    }

    /// <summary>Counts and logs a message that waits for a person from now on.</summary>
    public void NoteParked(string topic, string? key, Guid id, string error)
    {
        OrderTelemetry.MessagesParked.Add(1, new KeyValuePair<string, object?>("parked.direction", "inbound"));
        LogParked(logger, topic, key, id, error);
    }

    /// <summary>PostgreSQL's text has no null character; what is not text at all stays whole in the payload.</summary>
    public static string ToText(string value) => value.Replace('\0', '\uFFFD');

    private ParkedMessage ToRow(IncomingMessage message, string error, DateTimeOffset? nextAttemptAt) => new()
    {
        Id = message.Id,
        Topic = message.Topic,
        Key = message.Key is null ? null : ToText(message.Key),
        Headers = JsonSerializer.Serialize(message.Headers.ToDictionary(header => ToText(header.Key), header => ToText(header.Value))),
        Payload = message.Body,
        Error = ToText(error),
        Attempts = 1,
        FailedAt = time.Now(),
        NextAttemptAt = nextAttemptAt,
    };

    private async Task AddAsync(ParkedMessage row, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        if (!await db.Parked.AnyAsync(parked => parked.Id == row.Id, cancellationToken))
        {
            db.Parked.Add(row);
            try
            {
                await db.SaveChangesAsync(cancellationToken);
            }
            catch (DbUpdateException e) when (e.IsUniqueViolation(OrdersDatabase.ParkedKey))
            {
                // A second delivery of the same message was faster.
            }
        }
    }

    [LoggerMessage(EventId = 3105, EventName = "InboundParked", Level = LogLevel.Error, Message = "Parked a message of {Topic} with key {Key} as {Id}: {Error}")]
    private static partial void LogParked(ILogger logger, string topic, string? key, Guid id, string error);
}
