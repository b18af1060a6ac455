using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Consumers;

/// <summary>
/// Tries again what came too early or failed, and parks it after its last try. Replicas claim rows by moving their next try ahead, so
/// one that is killed leaves its rows to the others.
/// </summary>
internal sealed partial class Redelivery(
    IServiceScopeFactory scopes,
    ExternalEventHandler handler,
    ParkingLot parkingLot,
    IOptions<ConsumerOptions> options,
    TimeProvider time,
    ILogger<Redelivery> logger) : PeriodicJob(options.Value.RedeliveryInterval, time, logger)
{
    /// <summary>The error of a message whose order isn't there yet.</summary>
    public const string TooEarlyReason = "The order is not there, or not that far yet.";

    private const int BatchSize = 50;

    /// <inheritdoc />
    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var claimed = await ClaimAsync(db, cancellationToken);
        foreach (var row in claimed)
        {
            await TryAgainAsync(db, row, cancellationToken);
        }

        return claimed.Count == BatchSize;
    }

    private async Task<List<ParkedMessage>> ClaimAsync(OrdersDbContext db, CancellationToken cancellationToken)
    {
        var now = Time.Now();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await db.Parked
            .FromSql(
                $"""
                SELECT * FROM parked_messages
                WHERE next_attempt_at <= {now}
                ORDER BY next_attempt_at
                LIMIT {BatchSize}
                FOR UPDATE SKIP LOCKED
                """)
            .ToListAsync(cancellationToken);
        foreach (var row in due)
        {
            row.Attempts++;
            row.NextAttemptAt = now + Backoff<Guid>.After(row.Attempts, options.Value.MinBackoff, options.Value.MaxBackoff);
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return due;
    }

    private async Task TryAgainAsync(OrdersDbContext db, ParkedMessage row, CancellationToken cancellationToken)
    {
        var failure = await TryAsync(row, cancellationToken);
        var self = db.Parked.Where(parked => parked.Id == row.Id);
        if (failure is null)
        {
            await self.ExecuteDeleteAsync(cancellationToken);
            return;
        }

        var error = ParkingLot.ToText(failure.Value.Reason);
        var isLast = failure.Value.IsFinal || row.Attempts >= options.Value.MaxAttempts;
        DateTimeOffset? next = isLast ? null : row.NextAttemptAt;
        await self.ExecuteUpdateAsync(
            set => set.SetProperty(parked => parked.Error, error).SetProperty(parked => parked.NextAttemptAt, next),
            cancellationToken);
        if (isLast)
        {
            parkingLot.NoteParked(row.Topic, row.Key, row.Id, error);
        }
    }

    private async Task<(string Reason, bool IsFinal)?> TryAsync(ParkedMessage row, CancellationToken cancellationToken)
    {
        var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Headers) ?? [];
        try
        {
            var outcome = await handler.HandleAsync(new IncomingMessage(row.Id, row.Topic, row.Key, headers, row.Payload), cancellationToken);
            return outcome == HandlingOutcome.TooEarly ? (TooEarlyReason, false) : null;
        }
        catch (UnreadableEventException e)
        {
            return (e.Message, true);
        }
        catch (Exception e) when (e is not OperationCanceledException && !DatabaseFailure.IsAway(e))
        {
            LogFailed(logger, row.Id, row.Attempts, e);
            return (e.Message, false);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Message {Id} failed at try {Attempt}")]
    private static partial void LogFailed(ILogger logger, Guid id, int attempt, Exception exception);
}
