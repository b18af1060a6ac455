namespace OrderService.Core.Orders;

/// <summary>Where an order comes from that another system had before, so that a repeated import finds it again.</summary>
public sealed class ImportedOrder
{
    /// <summary>Longest external id, in characters.</summary>
    public const int ExternalIdLength = 200;

    /// <summary>The other system's id of it; unique.</summary>
    public required string ExternalId { get; init; }

    /// <summary>The order.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>SHA-256 of what was imported, whatever has become of the order since.</summary>
    public required byte[] ContentHash { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset ImportedAt { get; init; }
}
