using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrderService.Core.Orders;

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

    private static readonly Counter<long> OrdersPlaced = Meter.CreateCounter<long>("orders.placed", "{order}", "Orders placed");

    private static readonly Counter<long> Transitions =
        Meter.CreateCounter<long>("orders.transitions", "{transition}", "Status changes of orders, by the new status");

    /// <summary><c>outbox.sent</c>, messages, by <c>outbox.channel</c>.</summary>
    public static readonly Counter<long> OutboxSent = Meter.CreateCounter<long>("outbox.sent", "{message}", "Outbox rows sent");

    /// <summary><c>outbox.lag</c>, seconds from the commit's row to the acknowledgement.</summary>
    public static readonly Histogram<double> OutboxLag =
        Meter.CreateHistogram<double>("outbox.lag", "s", "Time from the change of an order to the acknowledged message");

    /// <summary><c>inbox.events</c>, events, by <c>event.outcome</c>.</summary>
    public static readonly Counter<long> InboxEvents =
        Meter.CreateCounter<long>("inbox.events", "{event}", "Events of other services, by what became of them");

    /// <summary><c>messages.parked</c>, messages, by <c>parked.direction</c>: <c>inbound</c> or <c>outbound</c>.</summary>
    public static readonly Counter<long> MessagesParked =
        Meter.CreateCounter<long>("messages.parked", "{message}", "Messages that wait for a person");

    /// <summary><c>orders.listeners</c>, clients of this process that follow an order live.</summary>
    public static readonly UpDownCounter<int> Listeners =
        Meter.CreateUpDownCounter<int>("orders.listeners", "{listener}", "Clients that follow an order live");

    /// <summary><c>requests.refused</c>, requests that came while there was more to do than is let in.</summary>
    public static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("requests.refused", "{request}", "Requests refused under overload");

    /// <summary>
    /// Counts committed changes of orders: <c>orders.placed</c>, orders, and <c>orders.transitions</c>, transitions, by the new status
    /// in <c>order.status</c>.
    /// </summary>
    public static void Count(IEnumerable<OrderHistoryEntry> committed)
    {
        foreach (var entry in committed)
        {
            if (entry.From is null)
            {
                OrdersPlaced.Add(1);
            }
            else if (entry.From != entry.To)
            {
                Transitions.Add(1, new KeyValuePair<string, object?>("order.status", entry.To.ToString().ToUpperInvariant()));
            }
        }
    }
}
