namespace OrderService.Core.Orders;

/// <summary>Something that happened to an order and that others are told. Its record is the body of the message.</summary>
public abstract record OrderEvent(Guid OrderId, Guid UserId);

/// <summary>An order was placed and its stock reserved.</summary>
public sealed record OrderPlaced(
    Guid OrderId,
    Guid UserId,
    decimal TotalAmount,
    string Currency,
    IReadOnlyList<OrderPlacedItem> Items,
    string ShippingAddress,
    string? Notes,
    DateTimeOffset PlacedAt) : OrderEvent(OrderId, UserId);

/// <summary>A line of <see cref="OrderPlaced"/>.</summary>
public sealed record OrderPlacedItem(string ProductId, string ProductName, int Quantity, decimal UnitPrice, decimal TotalPrice);

/// <summary>The order is paid.</summary>
public sealed record OrderConfirmed(Guid OrderId, Guid UserId, OrderStatus Status, DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>The warehouse picked the goods.</summary>
public sealed record OrderProcessing(Guid OrderId, Guid UserId, OrderStatus Status, DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>The carrier has the parcel.</summary>
public sealed record OrderShipped(Guid OrderId, Guid UserId, OrderStatus Status, DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>The customer has the parcel.</summary>
public sealed record OrderDelivered(Guid OrderId, Guid UserId, OrderStatus Status, DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>The order was given up; its stock is free again.</summary>
public sealed record OrderCancelled(
    Guid OrderId,
    Guid UserId,
    OrderStatus Status,
    string Reason,
    string CancelledBy,
    DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>
/// Some pieces of the order were cancelled, but not all. <paramref name="TotalAmount"/> is what the rest costs; the status is as before.
/// </summary>
public sealed record OrderItemsCancelled(
    Guid OrderId,
    Guid UserId,
    IReadOnlyList<CancelledItem> Items,
    decimal TotalAmount,
    string Currency,
    OrderStatus Status,
    string Reason,
    string CancelledBy,
    DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>Cancelled pieces of <see cref="OrderItemsCancelled"/>, and by how much they lower the total.</summary>
public sealed record CancelledItem(string ProductId, string ProductName, int Quantity, decimal Amount);

/// <summary>Money was taken that is owed back: <paramref name="Amount"/> in <paramref name="Currency"/>.</summary>
public sealed record OrderRefundRequired(
    Guid OrderId,
    Guid UserId,
    decimal Amount,
    string Currency,
    string Reason,
    DateTimeOffset At) : OrderEvent(OrderId, UserId);

/// <summary>
/// A side effect in the Product service that a committed order owes. It travels through the outbox like an event and is repeated
/// until it is done, so each must be idempotent there.
/// </summary>
public abstract record ReservationCommand(Guid OrderId);

/// <summary>The reserved stock is sold.</summary>
public sealed record CommitReservation(Guid OrderId) : ReservationCommand(OrderId);

/// <summary>The reserved stock is free again.</summary>
public sealed record ReleaseReservation(Guid OrderId) : ReservationCommand(OrderId);

/// <summary>Less stays reserved, or sold: for each product that has changed, what the order keeps of it, so that a repeat changes nothing.</summary>
public sealed record ReduceReservation(Guid OrderId, IReadOnlyList<ProductQuantity> Items) : ReservationCommand(OrderId);
