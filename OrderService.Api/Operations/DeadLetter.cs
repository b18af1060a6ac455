using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderService.Api.Operations;

/// <summary>Which way a message went that did not arrive.</summary>
[JsonConverter(typeof(UpperCaseEnum<DeadLetterDirection>))]
internal enum DeadLetterDirection
{
    /// <summary>From others to us.</summary>
    Inbound,

    /// <summary>From us to others.</summary>
    Outbound,
}

/// <summary>What becomes of a message next.</summary>
[JsonConverter(typeof(UpperCaseEnum<DeadLetterState>))]
internal enum DeadLetterState
{
    /// <summary>Nothing, until it is replayed.</summary>
    Parked,

    /// <summary>It is tried again by itself.</summary>
    Waiting,
}

/// <summary>A message that could not be handled or delivered.</summary>
internal record DeadLetter
{
    /// <summary>Its id here; of an outbound event also its <c>ce_id</c>.</summary>
    public required Guid Id { get; init; }

    /// <summary>Which way it went.</summary>
    public required DeadLetterDirection Direction { get; init; }

    /// <summary>What becomes of it next.</summary>
    public required DeadLetterState State { get; init; }

    /// <summary>Inbound: the topic it came from. Outbound: the channel of the outbox, <c>EVENTS</c> or <c>RESERVATIONS</c>.</summary>
    public required string Source { get; init; }

    /// <summary>Its key: the order's id, where it is a good one.</summary>
    public required string? Key { get; init; }

    /// <summary>Its type; <c>null</c> where it has none.</summary>
    public required string? Type { get; init; }

    /// <summary>What was wrong at the last try; <c>null</c> once an outbound one is to be sent again.</summary>
    public required string? Error { get; init; }

    /// <summary>Tries since it came, or since it was replayed; <c>null</c> for an outbound one, which is parked when it is refused.</summary>
    public required int? Attempts { get; init; }

    /// <summary>Inbound: when it first failed, UTC. Outbound: when it was parked, <c>null</c> once it is to be sent again.</summary>
    public required DateTimeOffset? FailedAt { get; init; }

    /// <summary>When an inbound one is tried again, UTC; <c>null</c> while it is parked.</summary>
    public required DateTimeOffset? NextAttemptAt { get; init; }
}

/// <summary>A message with all that it carries.</summary>
internal sealed record DeadLetterDetail : DeadLetter
{
    /// <summary>Its headers as text; of an outbound event those that are its own.</summary>
    public required Dictionary<string, string> Headers { get; init; }

    /// <summary>How <see cref="Payload"/> is to be read: <c>utf-8</c>, or <c>base64</c> where the body is no text.</summary>
    public required string PayloadEncoding { get; init; }

    /// <summary>Its body.</summary>
    public required string Payload { get; init; }
}

/// <summary>Writes an enum in upper case, as the whole API does.</summary>
internal sealed class UpperCaseEnum<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false)
    where TEnum : struct, Enum;
