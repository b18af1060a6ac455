namespace OrderService.Core.Messaging;

/// <summary>
/// An event that was handled: written in the transaction of its effect, so that a repeat finds it and changes nothing. CloudEvents are
/// told apart by source and id together; one that reuses an id for another order is not taken for a repeat either.
/// </summary>
public sealed class InboxMessage
{
    /// <summary>The order that it is about.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>The event's id (<c>ce_id</c>).</summary>
    public required string EventId { get; init; }

    /// <summary>Who sent it (<c>ce_source</c>).</summary>
    public required string Source { get; init; }

    /// <summary>Who handled it.</summary>
    public required string Consumer { get; init; }

    /// <summary>When, UTC. Rows older than the retention go away.</summary>
    public required DateTimeOffset HandledAt { get; init; }

    /// <summary>Longest event id and longest source that are accepted.</summary>
    public const int IdentityLength = 200;
}

/// <summary>An incoming message that could not be handled yet: it waits for its next try, or is parked until a person replays it.</summary>
public sealed class ParkedMessage
{
    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The topic it came from.</summary>
    public required string Topic { get; init; }

    /// <summary>Its key, as text; the order id where it is a good one.</summary>
    public required string? Key { get; init; }

    /// <summary>Its headers, a JSON object of strings.</summary>
    public required string Headers { get; init; }

    /// <summary>Its body as it came.</summary>
    public required byte[] Payload { get; init; }

    /// <summary>What was wrong at the last try.</summary>
    public required string Error { get; set; }

    /// <summary>Tries so far.</summary>
    public required int Attempts { get; set; }

    /// <summary>When it first failed, UTC.</summary>
    public required DateTimeOffset FailedAt { get; init; }

    /// <summary>When it is tried again, UTC; <c>null</c> once it is parked.</summary>
    public DateTimeOffset? NextAttemptAt { get; set; }
}
