namespace OrderService.Core.Messaging;

/// <summary>
/// The first answer to a request with an <c>Idempotency-Key</c>, written in the transaction of its effect: a failed attempt leaves
/// none behind.
/// </summary>
public sealed class IdempotencyRecord
{
    /// <summary>Longest key, in characters.</summary>
    public const int KeyLength = 255;

    /// <summary>How long an answer is repeated.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>Whose key; keys of different users never meet.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Method and route of the request.</summary>
    public required string Route { get; init; }

    /// <summary>The client's key.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of the request's content.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>The order that the request made or changed.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>The answer's HTTP status.</summary>
    public required short StatusCode { get; init; }

    /// <summary>The answer's entity tag.</summary>
    public required string ETag { get; init; }

    /// <summary>The answer's body as JSON.</summary>
    public required string Response { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>
/// An <c>Idempotency-Key</c> whose request is running. It is a courtesy to repeats and guards nothing: so the table needs no place in the
/// write-ahead log, and a claim whose process died just ends.
/// </summary>
public sealed class IdempotencyClaim
{
    /// <summary>Longer than a request takes, all its retries included.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);

    /// <summary>Whose key.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Method and route of the request.</summary>
    public required string Route { get; init; }

    /// <summary>The client's key.</summary>
    public required string Key { get; init; }

    /// <summary>UUIDv7 of this claim, since another one may follow it.</summary>
    public required Guid Id { get; init; }

    /// <summary>SHA-256 of the request's content.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>When it ends by itself, by the database's clock: by that of a replica which is fast, others would wait for as long as it is.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}
