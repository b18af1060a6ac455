namespace OrderService.Core.Orders;

/// <summary>What another service tells us about an order.</summary>
public abstract record ExternalEvent(Guid OrderId);

/// <summary>The customer paid.</summary>
public sealed record PaymentSucceeded(Guid OrderId, decimal Amount, string Currency, string? PaymentId = null) : ExternalEvent(OrderId);

/// <summary>The payment was refused.</summary>
public sealed record PaymentFailed(Guid OrderId, string? PaymentId = null, string? Reason = null) : ExternalEvent(OrderId);

/// <summary>The warehouse picked the goods.</summary>
public sealed record FulfilmentPicked(Guid OrderId) : ExternalEvent(OrderId);

/// <summary>The carrier picked the parcel up.</summary>
public sealed record FulfilmentPickedUp(Guid OrderId) : ExternalEvent(OrderId);

/// <summary>The customer received the parcel.</summary>
public sealed record FulfilmentDelivered(Guid OrderId) : ExternalEvent(OrderId);
