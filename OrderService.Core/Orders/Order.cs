namespace OrderService.Core.Orders;

/// <summary>
/// An order and its rules. Methods take <c>now</c> and change only this object; what they did is collected as events, history and
/// commands, which <see cref="Persistence.OrdersDbContext"/> writes in the same transaction as the order.
/// </summary>
public sealed class Order
{
    private readonly List<OrderItem> _items = [];
    private readonly List<PendingEvent> _events = [];
    private readonly List<ReservationCommand> _commands = [];
    private readonly List<OrderHistoryEntry> _history = [];

    private Order()
    {
    }

    /// <summary>UUIDv7, also the id of the stock reservation.</summary>
    public Guid Id { get; private init; }

    /// <summary>The customer.</summary>
    public Guid UserId { get; private init; }

    /// <summary>Where the order is in its life.</summary>
    public OrderStatus Status { get; private set; }

    /// <summary>Sum of the lines' totals.</summary>
    public decimal TotalAmount { get; private set; }

    /// <summary>ISO 4217 code of every amount of the order.</summary>
    public string Currency { get; private init; } = "";

    /// <summary>Where to send it.</summary>
    public string ShippingAddress { get; private init; } = "";

    /// <summary>What the customer wants to add.</summary>
    public string? Notes { get; private init; }

    /// <summary>The cart's checkout that became this order; unique, so that one checkout becomes at most one order.</summary>
    public Guid? CheckoutId { get; private init; }

    /// <summary>When it was placed, UTC.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed, UTC.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When and whether it was paid, UTC.</summary>
    public DateTimeOffset? PaidAt { get; private set; }

    /// <summary>Number of changes, from 1. The entity tag, and the guard against two changes at once.</summary>
    public int Version { get; private set; }

    /// <summary>The sequence of the last event, from 1.</summary>
    public int LastSequence { get; private set; }

    /// <summary>The lines, in the order in which they were asked for.</summary>
    public IReadOnlyList<OrderItem> Items => _items;

    /// <summary>Places an order for what was reserved.</summary>
    /// <exception cref="ArgumentException">There are no lines: the caller has to check before.</exception>
    public static Order Place(
        Guid id,
        Guid userId,
        IReadOnlyCollection<OrderLine> lines,
        string currency,
        string shippingAddress,
        string? notes,
        Guid? checkoutId,
        DateTimeOffset now)
    {
        if (lines.Count == 0)
        {
            throw new ArgumentException("An order needs at least one line.", nameof(lines));
        }

        var order = new Order
        {
            Id = id,
            UserId = userId,
            Status = OrderStatus.Pending,
            Currency = currency,
            ShippingAddress = shippingAddress,
            Notes = notes,
            CheckoutId = checkoutId,
            CreatedAt = now,
            UpdatedAt = now,
            Version = 1,
        };
        order._items.AddRange(lines.Select((line, index) => new OrderItem(Guid.CreateVersion7(now), id, index + 1, line)));
        order.TotalAmount = order._items.Sum(item => item.TotalPrice);
        order.Record(
            new OrderPlaced(
                id,
                userId,
                order.TotalAmount,
                currency,
                [.. order._items.Select(i => new OrderPlacedItem(i.ProductId, i.ProductName, i.Quantity, i.UnitPrice, i.TotalPrice))],
                shippingAddress,
                notes,
                now),
            now);
        order.Remember(null, "Placed", Actor.Customer, now);
        return order;
    }

    /// <summary>Cancels the order at the customer's wish. A cancelled order stays as it is.</summary>
    /// <exception cref="OrderRuleException">The order is past the point where it can be cancelled.</exception>
    public void Cancel(string reason, DateTimeOffset now)
    {
        if (Status == OrderStatus.Cancelled)
        {
            return;
        }

        if (OrderTransitions.Next(Status, OrderAction.Cancel) is null)
        {
            throw new OrderRuleException(
                "order-not-cancellable",
                $"The order is {Status.ToString().ToUpperInvariant()}; only a PENDING or CONFIRMED order can be cancelled.");
        }

        GiveUp(reason, Actor.Customer, now);
    }

    /// <summary>Cancels the order because nobody paid in time. An order that is no longer PENDING stays as it is.</summary>
    public void TimeOutPayment(DateTimeOffset now)
    {
        if (Status == OrderStatus.Pending)
        {
            GiveUp("Not paid in time", Actor.System, now);
        }
    }

    /// <summary>
    /// Applies what another service tells. An event whose time has passed changes nothing; one that comes before its time is to be
    /// tried again.
    /// </summary>
    public EventOutcome Apply(ExternalEvent told, DateTimeOffset now) => told switch
    {
        PaymentSucceeded paid => Paid(paid, now),
        PaymentFailed failed => Refused(failed, now),
        FulfilmentPicked => Move(OrderAction.Pick, "Picked by the warehouse", Actor.Warehouse, now),
        FulfilmentPickedUp => Move(OrderAction.PickUp, "Picked up by the carrier", Actor.Carrier, now),
        FulfilmentDelivered => Move(OrderAction.Deliver, "Received by the customer", Actor.Carrier, now),
        _ => throw new ArgumentOutOfRangeException(nameof(told), told.GetType().Name, "No rule for this event."),
    };

    /// <summary>Hands over what is to be written beside the order, once.</summary>
    internal (IReadOnlyList<PendingEvent> Events, IReadOnlyList<ReservationCommand> Commands, IReadOnlyList<OrderHistoryEntry> History) Take()
    {
        var taken = (_events.ToArray(), _commands.ToArray(), _history.ToArray());
        _events.Clear();
        _commands.Clear();
        _history.Clear();
        return taken;
    }

    private EventOutcome Paid(PaymentSucceeded paid, DateTimeOffset now)
    {
        if (PaidAt is not null)
        {
            return EventOutcome.Outdated;
        }

        if (Status != OrderStatus.Cancelled)
        {
            PaidAt = now;
            return Move(OrderAction.Confirm, "Paid", Actor.Payment, now);
        }

        PaidAt = now;
        Touch(now);
        Record(new OrderRefundRequired(Id, UserId, paid.Amount, paid.Currency, "Paid after the cancellation", now), now);
        return EventOutcome.Applied;
    }

    private EventOutcome Refused(PaymentFailed failed, DateTimeOffset now)
    {
        if (Status != OrderStatus.Pending)
        {
            return EventOutcome.Outdated;
        }

        GiveUp(failed.Reason is { Length: > 0 } reason ? $"Payment failed: {Readable(reason)}" : "Payment failed", Actor.Payment, now);
        return EventOutcome.Applied;
    }

    /// <summary>A text of somebody else as a reason of ours: not longer, and without the control characters that PostgreSQL may refuse.</summary>
    private static string Readable(string text)
    {
        var length = Math.Min(text.Length, OrderLimits.ReasonLength);
        length -= char.IsHighSurrogate(text[length - 1]) ? 1 : 0;
        return string.Concat(text.AsSpan(0, length).ToArray().Select(c => char.IsControl(c) ? ' ' : c));
    }

    private EventOutcome Move(OrderAction action, string reason, string by, DateTimeOffset now)
    {
        if (OrderTransitions.Next(Status, action) is not { } next)
        {
            return OrderTransitions.MayComeLater(Status, action) ? EventOutcome.TooEarly : EventOutcome.Outdated;
        }

        Enter(next, reason, by, now);
        return EventOutcome.Applied;
    }

    private void GiveUp(string reason, string by, DateTimeOffset now)
    {
        Enter(OrderStatus.Cancelled, reason, by, now);
        if (PaidAt is not null)
        {
            Record(new OrderRefundRequired(Id, UserId, TotalAmount, Currency, "Cancelled after the payment", now), now);
        }
    }

    private void Enter(OrderStatus next, string reason, string by, DateTimeOffset now)
    {
        var from = Status;
        Status = next;
        Touch(now);
        Record(
            next switch
            {
                OrderStatus.Confirmed => new OrderConfirmed(Id, UserId, next, now),
                OrderStatus.Processing => new OrderProcessing(Id, UserId, next, now),
                OrderStatus.Shipped => new OrderShipped(Id, UserId, next, now),
                OrderStatus.Delivered => new OrderDelivered(Id, UserId, next, now),
                OrderStatus.Cancelled => new OrderCancelled(Id, UserId, next, reason, by, now),
                OrderStatus.Pending => throw new InvalidOperationException("No transition leads back to PENDING."),
            },
            now);
        Remember(from, reason, by, now);

        if (next == OrderStatus.Confirmed)
        {
            _commands.Add(new CommitReservation(Id));
        }
        else if (next == OrderStatus.Cancelled)
        {
            _commands.Add(new ReleaseReservation(Id));
        }
    }

    private void Touch(DateTimeOffset now)
    {
        Version++;
        UpdatedAt = now;
    }

    private void Record(OrderEvent happened, DateTimeOffset now) => _events.Add(new PendingEvent(++LastSequence, happened, now));

    private void Remember(OrderStatus? from, string reason, string by, DateTimeOffset now) =>
        _history.Add(new OrderHistoryEntry
        {
            OrderId = Id,
            Sequence = LastSequence,
            From = from,
            To = Status,
            At = now,
            Reason = reason,
            By = by,
        });
}

/// <summary>What became of an event that another service told.</summary>
public enum EventOutcome
{
    /// <summary>The order changed.</summary>
    Applied,

    /// <summary>It was known already, or its time has passed: nothing to do, now or later.</summary>
    Outdated,

    /// <summary>The order is not there yet: to be tried again.</summary>
    TooEarly,
}

/// <summary>An event of an order that is not written yet.</summary>
internal readonly record struct PendingEvent(int Sequence, OrderEvent Event, DateTimeOffset At);
