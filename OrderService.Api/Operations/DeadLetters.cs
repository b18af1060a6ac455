using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Finds messages that could not be handled (<c>parked_messages</c>) or delivered (parked rows of the outbox).</summary>
internal static class DeadLetters
{
    /// <summary>
    /// How far from the outbox's oldest row one is looked for that is not parked any more. A replayed one is among the oldest, and ids have no
    /// index, since every order would pay for it.
    /// </summary>
    public const int OldestRows = 10_000;

    /// <summary>A message by its id.</summary>
    public static async Task<DeadLetterDetail?> FindAsync(OrdersDbContext database, string id, CancellationToken cancellationToken)
    {
        if (!Guid.TryParseExact(id, "D", out var messageId))
        {
            return null;
        }

        if (await database.Parked.AsNoTracking().SingleOrDefaultAsync(message => message.Id == messageId, cancellationToken) is { } inbound)
        {
            return Of(inbound);
        }

        var outbound = await database.Outbox.AsNoTracking().SingleOrDefaultAsync(row => row.ParkedAt != null && row.Id == messageId, cancellationToken)
            ?? await database.Outbox.AsNoTracking().OrderBy(row => row.Position).Take(OldestRows)
                .SingleOrDefaultAsync(row => row.Id == messageId, cancellationToken);
        return outbound is null ? null : Of(outbound);
    }

    /// <summary>Has parked incoming messages tried again, with all their tries before them. How many there were.</summary>
    public static Task<int> ReplayInboundAsync(
        OrdersDbContext database, IReadOnlyCollection<Guid> ids, DateTimeOffset now, CancellationToken cancellationToken) => database.Parked
        .Where(message => ids.Contains(message.Id) && message.NextAttemptAt == null)
        .ExecuteUpdateAsync(
            set => set.SetProperty(message => message.NextAttemptAt, now).SetProperty(message => message.Attempts, 0), cancellationToken);

    /// <summary>Has parked rows of the outbox sent again. How many there were.</summary>
    public static async Task<int> ReplayOutboundAsync(
        OrdersDbContext database, OutboxWakeup relays, IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        var replayed = await database.Outbox
            .Where(row => row.ParkedAt != null && ids.Contains(row.Id))
            .ExecuteUpdateAsync(
                set => set.SetProperty(row => row.ParkedAt, (DateTimeOffset?)null).SetProperty(row => row.Error, (string?)null), cancellationToken);
        relays.Wake();
        return replayed;
    }

    /// <summary>404 for an id that names no such message.</summary>
    public static ProblemHttpResult NotFound() => Problems.Of(
        StatusCodes.Status404NotFound, "dead-letter-not-found", "There is no such message: there never was, or it has arrived since.");

    /// <summary>The type that an incoming message says it has.</summary>
    public static string? TypeIn(string headers) => HeadersIn(headers).GetValueOrDefault("ce_type");

    private static Dictionary<string, string> HeadersIn(string json) => JsonSerializer.Deserialize(json, ApiJson.Default.DictionaryStringString) ?? [];

    private static DeadLetterDetail Of(ParkedMessage message) => new()
    {
        Id = message.Id,
        Direction = DeadLetterDirection.Inbound,
        State = message.NextAttemptAt is null ? DeadLetterState.Parked : DeadLetterState.Waiting,
        Source = message.Topic,
        Key = message.Key,
        Type = TypeIn(message.Headers),
        Error = message.Error,
        Attempts = message.Attempts,
        FailedAt = message.FailedAt,
        NextAttemptAt = message.NextAttemptAt,
        Headers = HeadersIn(message.Headers),
        PayloadEncoding = Utf8.IsValid(message.Payload) ? "utf-8" : "base64",
        Payload = Utf8.IsValid(message.Payload) ? Encoding.UTF8.GetString(message.Payload) : Convert.ToBase64String(message.Payload),
    };

    private static DeadLetterDetail Of(OutboxMessage row) => new()
    {
        Id = row.Id,
        Direction = DeadLetterDirection.Outbound,
        State = row.ParkedAt is null ? DeadLetterState.Waiting : DeadLetterState.Parked,
        Source = UpperCase.NameOf(row.Channel),
        Key = row.OrderId.ToString(),
        Type = row.Type,
        Error = row.Error,
        Attempts = null,
        FailedAt = row.ParkedAt,
        NextAttemptAt = null,
        Headers = HeadersOf(row),
        PayloadEncoding = "utf-8",
        Payload = row.Payload,
    };

    private static Dictionary<string, string> HeadersOf(OutboxMessage row)
    {
        var headers = new Dictionary<string, string>();
        if (row.Channel == OutboxChannel.Events)
        {
            headers["ce_id"] = row.Id.ToString();
            headers["ce_type"] = row.Type;
            headers["ce_subject"] = row.OrderId.ToString();
            headers["ce_time"] = row.OccurredAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture);
            headers["ce_sequence"] = row.Sequence.ToString(CultureInfo.InvariantCulture);
        }

        if (row.TraceParent is not null)
        {
            headers["traceparent"] = row.TraceParent;
        }

        return headers;
    }
}
