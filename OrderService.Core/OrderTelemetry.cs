using System.Diagnostics;
using System.Diagnostics.Metrics;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Core;

/// <summary>
/// Names of our spans and instruments, with units in UCUM; docs/telemetry.md lists them. Messaging names follow OpenTelemetry's semantic
/// conventions (opentelemetry.io/docs/specs/semconv/messaging). Where nobody listens, an instrument costs a look at whether somebody does.
/// </summary>
public static class OrderTelemetry
{
    /// <summary>Name of the activity source and of the meter.</summary>
    public const string Name = "OrderService";

    /// <summary>Our spans.</summary>
    public static readonly ActivitySource Source = new(Name);

    /// <summary>Our instruments.</summary>
    public static readonly Meter Meter = new(Name);

    private static readonly InstrumentAdvice<double> Quick =
        new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] };

    private static readonly InstrumentAdvice<double> Patient =
        new() { HistogramBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] };

    private static readonly InstrumentAdvice<int> Few = new() { HistogramBucketBoundaries = [1, 2, 3, 5, 10, 20, 50, 100] };

    private static readonly InstrumentAdvice<int> Many =
        new() { HistogramBucketBoundaries = [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000] };

    private static readonly Counter<long> OrdersPlaced = Meter.CreateCounter<long>("orders.placed", "{order}", "Orders placed");

    private static readonly Counter<long> OrdersRefused = Meter.CreateCounter<long>(
        "orders.refused", "{request}", "Requests to place an order that were answered with a problem, by its name");

    private static readonly Histogram<double> PlacementDuration = Meter.CreateHistogram(
        "orders.placement.duration", "s", "Time that placing an order takes, by step", tags: null, Quick);

    private static readonly Counter<long> Transitions = Meter.CreateCounter<long>(
        "orders.transitions", "{transition}", "Status changes of orders, by the old and the new status and the reason");

    private static readonly Counter<long> RefundsRequired =
        Meter.CreateCounter<long>("refunds.required", "{refund}", "Payments that are owed back, whole or in part");

    private static readonly Histogram<int> CartLines =
        Meter.CreateHistogram("cart.lines", "{line}", "Products in a cart at its checkout", tags: null, Few);

    private static readonly Histogram<int> CartPieces =
        Meter.CreateHistogram("cart.pieces", "{piece}", "Pieces of all products in a cart at its checkout", tags: null, Many);

    /// <summary><c>outbox.sent</c>, messages, by <c>outbox.channel</c>.</summary>
    public static readonly Counter<long> OutboxSent = Meter.CreateCounter<long>("outbox.sent", "{message}", "Outbox rows sent");

    /// <summary><c>outbox.delivery.duration</c>, seconds from the change of an order to the acknowledgement, by <c>outbox.channel</c>.</summary>
    public static readonly Histogram<double> OutboxDelivery = Meter.CreateHistogram(
        "outbox.delivery.duration", "s", "Time from the change of an order to the acknowledged message", tags: null, Patient);

    /// <summary><c>inbox.events</c>, events, by <c>event.outcome</c> and, where it could be read, <c>cloudevents.event_type</c>.</summary>
    public static readonly Counter<long> InboxEvents =
        Meter.CreateCounter<long>("inbox.events", "{event}", "Events of other services, by what became of them");

    /// <summary><c>messages.parked</c>, messages, by <c>parked.direction</c>: <c>inbound</c> or <c>outbound</c>.</summary>
    public static readonly Counter<long> MessagesParked =
        Meter.CreateCounter<long>("messages.parked", "{message}", "Messages that were parked and wait for a person");

    /// <summary><c>orders.listeners</c>, clients of this process that follow an order live.</summary>
    public static readonly UpDownCounter<int> Listeners =
        Meter.CreateUpDownCounter<int>("orders.listeners", "{listener}", "Clients that follow an order live");

    /// <summary><c>requests.refused</c>, requests that came while there was more to do than is let in.</summary>
    public static readonly Counter<long> Refused =
        Meter.CreateCounter<long>("requests.refused", "{request}", "Requests refused under overload");

    /// <summary>
    /// Counts committed changes of orders: <c>orders.placed</c>, orders, and <c>orders.transitions</c>, transitions, by
    /// <c>order.status.from</c>, <c>order.status.to</c> and <c>order.transition.reason</c>.
    /// </summary>
    public static void Count(IEnumerable<OrderHistoryEntry> committed)
    {
        foreach (var entry in committed)
        {
            if (entry.From is not { } from)
            {
                OrdersPlaced.Add(1);
            }
            else if (from != entry.To && Transitions.Enabled)
            {
                Transitions.Add(
                    1,
                    new("order.status.from", UpperCase.NameOf(from)),
                    new("order.status.to", UpperCase.NameOf(entry.To)),
                    new("order.transition.reason", ReasonOf(entry)));
            }
        }
    }

    /// <summary>Counts committed refunds that are due: <c>refunds.required</c>.</summary>
    public static void CountRefunds(int committed)
    {
        if (committed > 0)
        {
            RefundsRequired.Add(committed);
        }
    }

    /// <summary>Counts a request to place an order that ended in the problem <paramref name="name"/>: <c>orders.refused</c>, by <c>error.type</c>.</summary>
    public static void CountRefused(string name) => OrdersRefused.Add(1, new KeyValuePair<string, object?>("error.type", name));

    /// <summary>Notes how large a cart is that is checked out: <c>cart.lines</c> and <c>cart.pieces</c>.</summary>
    public static void NoteCart(IReadOnlyCollection<ProductQuantity> lines)
    {
        if (CartLines.Enabled || CartPieces.Enabled)
        {
            CartLines.Record(lines.Count);
            CartPieces.Record(lines.Sum(line => line.Quantity));
        }
    }

    /// <summary>Measures a step of placing an order until it is disposed of: <c>orders.placement.duration</c>, by <c>placement.step</c>.</summary>
    public static PlacementTimer Measure(PlacementStep step) => PlacementDuration.Enabled ? new(PlacementDuration, step) : default;

    /// <summary>
    /// Has the backlog told: <c>outbox.depth</c>, <c>outbox.parked</c>, <c>outbox.lag</c>, <c>inbox.waiting</c>, <c>inbox.parked</c>,
    /// <c>reservations.held</c> and <c>orders.pending.age</c>.
    /// </summary>
    /// <param name="last">What was seen last; <c>null</c> where another process tells it.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The instruments: as long as none is enabled, nobody wants to know.</returns>
    public static IReadOnlyList<Instrument> ObserveBacklog(Func<Backlog?> last, TimeProvider time)
    {
        return
        [
            Meter.CreateObservableUpDownCounter<int>("outbox.depth", () => Channels(channel => channel.Depth), "{message}", "Messages in the outbox"),
            Meter.CreateObservableUpDownCounter<int>(
                "outbox.parked", () => Channels(channel => channel.Parked), "{message}", "Messages in the outbox that wait for a person"),
            Meter.CreateObservableGauge<double>(
                "outbox.lag", () => Channels(channel => channel.LagAt(time.Now()).TotalSeconds), "s", "Age of the oldest message that is to be sent"),
            Meter.CreateObservableUpDownCounter<int>(
                "inbox.waiting", () => One(backlog => backlog.InboxWaiting), "{message}", "Events of other services that are tried again by themselves"),
            Meter.CreateObservableUpDownCounter<int>(
                "inbox.parked", () => One(backlog => backlog.InboxParked), "{message}", "Events of other services that wait for a person"),
            Meter.CreateObservableUpDownCounter<int>(
                "reservations.held", () => One(backlog => backlog.Pending), "{reservation}", "Reservations of orders that wait for their payment"),
            Meter.CreateObservableGauge<double>(
                "orders.pending.age",
                () => One(backlog => backlog.PendingAgeAt(time.Now()).TotalSeconds),
                "s",
                "Age of the oldest order that waits for its payment"),
        ];

        IEnumerable<Measurement<T>> One<T>(Func<Backlog, T> value)
            where T : struct => last() is { } backlog ? [new Measurement<T>(value(backlog))] : [];

        IEnumerable<Measurement<T>> Channels<T>(Func<OutboxBacklog, T> value)
            where T : struct => last()?.Outbox
                .Select(channel => new Measurement<T>(
                    value(channel), new KeyValuePair<string, object?>("outbox.channel", UpperCase.NameOf(channel.Channel))))
                ?? [];
    }

    /// <summary>Has the lag of a consumer told: <c>consumer.lag</c>, records, by <c>messaging.destination.name</c>.</summary>
    /// <param name="read">The records of each topic that were not read yet.</param>
    public static void ObserveConsumerLag(Func<IReadOnlyDictionary<string, long>> read) => Meter.CreateObservableUpDownCounter<long>(
        "consumer.lag",
        () => read().Select(topic => new Measurement<long>(topic.Value, new KeyValuePair<string, object?>("messaging.destination.name", topic.Key))),
        "{message}",
        "Records of this process's partitions that it has not read yet");

    /// <summary>Has the reservations told that may have no order: <c>reservations.orphaned</c>.</summary>
    public static void ObserveOrphans(Func<int> read) => Meter.CreateObservableUpDownCounter<int>(
        "reservations.orphaned", read, "{reservation}", "Reservations without a known order that this process has yet to release");

    /// <summary>A few words for the reason, where the history has the customer's or the payment provider's own.</summary>
    private static string ReasonOf(OrderHistoryEntry step) => (step.To, step.By) switch
    {
        (OrderStatus.Confirmed, _) => "paid",
        (OrderStatus.Processing, _) => "picked",
        (OrderStatus.Shipped, _) => "picked-up",
        (OrderStatus.Delivered, _) => "received",
        (OrderStatus.Cancelled, Actor.Payment) => "payment-failed",
        (OrderStatus.Cancelled, Actor.System) => "payment-timeout",
        (OrderStatus.Cancelled, _) => "customer",
        _ => "other",
    };
}

/// <summary>Measures a step; the default one measures nothing.</summary>
public readonly struct PlacementTimer : IDisposable
{
    private readonly Histogram<double>? _duration;
    private readonly PlacementStep _step;
    private readonly long _started;

    internal PlacementTimer(Histogram<double> duration, PlacementStep step) => (_duration, _step, _started) = (duration, step, Stopwatch.GetTimestamp());

    /// <inheritdoc />
    public void Dispose() => _duration?.Record(
        Stopwatch.GetElapsedTime(_started).TotalSeconds, new KeyValuePair<string, object?>("placement.step", NameOf(_step)));

    private static string NameOf(PlacementStep step) => step switch
    {
        PlacementStep.Cart => "cart",
        PlacementStep.Customer => "customer",
        PlacementStep.Reservation => "reservation",
        PlacementStep.Save => "save",
        PlacementStep.Release => "release",
    };
}

/// <summary>What placing an order takes.</summary>
public enum PlacementStep
{
    /// <summary>The cart is read, or what was ordered is taken out of it.</summary>
    Cart,

    /// <summary>The User service is asked.</summary>
    Customer,

    /// <summary>The Product service reserves the stock.</summary>
    Reservation,

    /// <summary>The order is written.</summary>
    Save,

    /// <summary>The stock of an order that is not written is given back.</summary>
    Release,
}
