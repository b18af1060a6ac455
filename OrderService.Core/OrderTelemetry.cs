using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace OrderService.Core;

/// <summary>
/// Names of our spans and instruments, with units. Messaging names follow OpenTelemetry's semantic conventions
/// (opentelemetry.io/docs/specs/semconv/messaging).
/// </summary>
public static class OrderTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "OrderService";

    /// <summary>Our spans.</summary>
    public static readonly ActivitySource Source = new(Name);

    private static readonly Meter Meter = new(Name);

    /// <summary><c>orders.placed</c>, orders.</summary>
    public static readonly Counter<long> OrdersPlaced = Meter.CreateCounter<long>("orders.placed", "{order}", "Orders placed");

    /// <summary><c>orders.transitions</c>, transitions, by <c>order.status</c>.</summary>
    public static readonly Counter<long> Transitions =
        Meter.CreateCounter<long>("orders.transitions", "{transition}", "Status changes of orders, by the new status");

    /// <summary><c>outbox.sent</c>, messages, by <c>outbox.channel</c>.</summary>
    public static readonly Counter<long> OutboxSent = Meter.CreateCounter<long>("outbox.sent", "{message}", "Outbox rows sent");

    /// <summary><c>outbox.lag</c>, seconds from the commit's row to the acknowledgement.</summary>
    public static readonly Histogram<double> OutboxLag =
        Meter.CreateHistogram<double>("outbox.lag", "s", "Time from the change of an order to the acknowledged message");

    /// <summary><c>inbox.events</c>, events, by <c>event.outcome</c>.</summary>
    public static readonly Counter<long> InboxEvents =
        Meter.CreateCounter<long>("inbox.events", "{event}", "Events of other services, by what became of them");

    /// <summary><c>messages.parked</c>, messages, by <c>parked.direction</c>.</summary>
    public static readonly Counter<long> MessagesParked =
        Meter.CreateCounter<long>("messages.parked", "{message}", "Messages that wait for a person");
}
