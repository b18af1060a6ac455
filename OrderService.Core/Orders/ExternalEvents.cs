namespace OrderService.Core.Orders;

/// <summary>What another service tells us about an order.</summary>
public abstract record ExternalEvent(Guid OrderId);

/// <summary>The customer paid.</summary>
public sealed record PaymentSucceeded(Guid OrderId, string PaymentId, decimal Amount, string Currency) : ExternalEvent(OrderId);

/// <summary>The payment was refused.</summary>
public sealed record PaymentFailed(Guid OrderId, string? PaymentId, string? Reason) : ExternalEvent(OrderId);

/// <summary>The warehouse picked the goods.</summary>
public sealed record FulfilmentPicked(Guid OrderId) : ExternalEvent(OrderId);

/// <summary>The carrier picked the parcel up.</summary>
public sealed record FulfilmentPickedUp(Guid OrderId) : ExternalEvent(OrderId);

/// <summary>The customer received the parcel.</summary>
public sealed record FulfilmentDelivered(Guid OrderId) : ExternalEvent(OrderId);
