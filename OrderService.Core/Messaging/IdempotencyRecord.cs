namespace OrderService.Core.Messaging;

/// <summary>
/// The first answer to a request with an <c>Idempotency-Key</c>, written in the transaction of its effect: a failed attempt leaves
/// none behind.
/// </summary>
public sealed class IdempotencyRecord
{
    /// <summary>Longest key, in characters.</summary>
    public const int KeyLength = 255;

    /// <summary>Whose key; keys of different users never meet.</summary>
    public required Guid UserId { get; init; }

    /// <summary>Method and route of the request.</summary>
    public required string Route { get; init; }

    /// <summary>The client's key.</summary>
    public required string Key { get; init; }

    /// <summary>SHA-256 of the request's content.</summary>
    public required byte[] RequestHash { get; init; }

    /// <summary>The order that the request made.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>The answer's entity tag.</summary>
    public required string ETag { get; init; }

    /// <summary>The answer's body as JSON.</summary>
    public required string Response { get; init; }

    /// <summary>When, UTC. Kept for 24 hours.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
