namespace OrderService.Core.Orders;

/// <summary>
/// One step of an order: from where, to where, when, why and by whom. A partial cancellation leads to the same status. Never changed
/// afterwards.
/// </summary>
public sealed class OrderHistoryEntry
{
    /// <summary>The order.</summary>
    public required Guid OrderId { get; init; }

    /// <summary>The sequence of the event that tells the same, from 1. Events without a transition leave gaps.</summary>
    public required int Sequence { get; init; }

    /// <summary>The status before; <c>null</c> for a new order.</summary>
    public OrderStatus? From { get; init; }

    /// <summary>The status after.</summary>
    public required OrderStatus To { get; init; }

    /// <summary>When it happened, UTC, to the microsecond.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Why, in words.</summary>
    public required string Reason { get; init; }

    /// <summary>By whom: <c>customer</c>, <c>payment</c>, <c>warehouse</c>, <c>carrier</c> or <c>system</c>.</summary>
    public required string By { get; init; }
}

/// <summary>Who may move an order, as the history names them.</summary>
public static class Actor
{
    /// <summary>The user whose order it is.</summary>
    public const string Customer = "customer";

    /// <summary>The payment provider.</summary>
    public const string Payment = "payment";

    /// <summary>The warehouse.</summary>
    public const string Warehouse = "warehouse";

    /// <summary>The carrier.</summary>
    public const string Carrier = "carrier";

    /// <summary>This service itself, for instance at a timeout.</summary>
    public const string System = "system";
}
