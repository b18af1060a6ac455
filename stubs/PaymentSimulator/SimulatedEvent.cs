using System.Security.Cryptography;
using System.Text;

namespace PaymentSimulator;

/// <summary>What became of a payment.</summary>
internal enum PaymentOutcome
{
    /// <summary>The money is there.</summary>
    Succeeded,

    /// <summary>The payment was declined.</summary>
    Failed,
}

/// <summary>A step of an order's fulfilment.</summary>
internal enum FulfilmentStep
{
    /// <summary>The warehouse has picked the items.</summary>
    Picked,

    /// <summary>The carrier has picked the parcel up.</summary>
    PickedUp,

    /// <summary>The customer has the parcel.</summary>
    Delivered,
}

/// <summary>An event that the simulator publishes: a CloudEvent about one order.</summary>
internal sealed record SimulatedEvent(Guid Id, string Type, string Topic, Guid OrderId, object Body)
{
    private const string Payments = "cloudforge.payments";
    private const string Fulfilment = "cloudforge.fulfilment";

    /// <summary>
    /// The event that follows from an order event, and how long after it; null where nothing follows. Every next step is
    /// caused by the order's own event about the last one, so that no state is needed, and a cancelled order gets no more steps.
    /// </summary>
    public static (TimeSpan Delay, SimulatedEvent Event)? After(OrderEvent cause) => cause switch
    {
        { Type: OrderEvent.Placed, Total: { } total } => (TimeSpan.Zero, total.Amount % 1 == 0.13m
            ? PaymentFailed(IdAfter(cause), cause.OrderId)
            : PaymentSucceeded(IdAfter(cause), cause.OrderId, total)),
        { Type: OrderEvent.Confirmed } => (TimeSpan.FromSeconds(1), Fulfilled(IdAfter(cause), cause.OrderId, FulfilmentStep.Picked)),
        { Type: OrderEvent.Processing } => (TimeSpan.FromSeconds(1), Fulfilled(IdAfter(cause), cause.OrderId, FulfilmentStep.PickedUp)),
        { Type: OrderEvent.Shipped } => (TimeSpan.FromSeconds(1), Fulfilled(IdAfter(cause), cause.OrderId, FulfilmentStep.Delivered)),
        _ => null,
    };

    /// <summary>The order was paid. The payment has the event's id: there is one event about it.</summary>
    public static SimulatedEvent PaymentSucceeded(Guid id, Guid orderId, Money paid) => new(
        id, "io.cloudforge.payment.succeeded.v1", Payments, orderId, new { OrderId = orderId, PaymentId = id, paid.Amount, paid.Currency });

    /// <summary>The payment was declined.</summary>
    public static SimulatedEvent PaymentFailed(Guid id, Guid orderId) => new(
        id, "io.cloudforge.payment.failed.v1", Payments, orderId, new { OrderId = orderId, PaymentId = id, Reason = "declined by the payment simulator" });

    /// <summary>A step of the fulfilment is done.</summary>
    public static SimulatedEvent Fulfilled(Guid id, Guid orderId, FulfilmentStep step)
    {
        var name = step switch
        {
            FulfilmentStep.Picked => "picked",
            FulfilmentStep.PickedUp => "picked-up",
            FulfilmentStep.Delivered => "delivered",
        };
        return new(id, $"io.cloudforge.fulfilment.{name}.v1", Fulfilment, orderId, new { OrderId = orderId });
    }

    /// <summary>
    /// A UUIDv7 that is always the same for one cause: its time, and a hash of its id in place of the random bits. What is
    /// published again, after a restart or a repeated order event, is then recognisable as the same event.
    /// </summary>
    private static Guid IdAfter(OrderEvent cause)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(cause.Time).TryWriteBytes(bytes, bigEndian: true, out _);
        SHA256.HashData(Encoding.UTF8.GetBytes(cause.Id)).AsSpan(0, 10).CopyTo(bytes[6..]);
        bytes[6] = (byte)(0x70 | (bytes[6] & 0x0F));
        bytes[8] = (byte)(0x80 | (bytes[8] & 0x3F));
        return new(bytes, bigEndian: true);
    }
}
