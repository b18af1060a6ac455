using System.Globalization;

namespace OrderService.Core.Orders;

/// <summary>
/// An order and its rules. Methods take <c>now</c> and change only this object; what they did is collected as events, history and
/// commands, which <see cref="Persistence.OrdersDbContext"/> writes in the same transaction as the order.
/// </summary>
public sealed class Order
{
    private const string NoReason = "Cancelled by the customer";

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

    /// <summary>Whether the Product service has a reservation for it. An imported order has none: its stock was taken where it comes from.</summary>
    public bool HasReservation { get; private init; } = true;

    /// <summary>When it was placed, UTC.</summary>
    public DateTimeOffset CreatedAt { get; private init; }

    /// <summary>When it last changed, UTC.</summary>
    public DateTimeOffset UpdatedAt { get; private set; }

    /// <summary>When and whether it was paid, UTC.</summary>
    public DateTimeOffset? PaidAt { get; private set; }

    /// <summary>What was paid; <c>null</c> before. A payment that was noted without its amount was one of the whole total.</summary>
    public decimal? PaidAmount { get; private set; }

    /// <summary>What of that is owed back so far, and told in <see cref="OrderRefundRequired"/>.</summary>
    public decimal RefundAmount { get; private set; }

    /// <summary>Number of changes, from 1. The entity tag, and the guard against two changes at once.</summary>
    public int Version { get; private set; }

    /// <summary>The sequence of the last event, from 1.</summary>
    public int LastSequence { get; private set; }

    /// <summary>The lines, one per product, in the order in which they were asked for. What is cancelled of a living order is gone.</summary>
    public IReadOnlyList<OrderItem> Items => _items;

    /// <summary>Places an order for what was reserved.</summary>
    /// <exception cref="ArgumentException">There are no lines, or two of one product: the caller has to check before.</exception>
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
        RequireLines(lines);
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
        order.AddItems(lines);
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

    /// <summary>
    /// Takes an order over that another system has had until now, as it is there: it tells nobody, and no stock is reserved for it. What
    /// happens to it from now on is told like that of any order, with the sequence after its last step's.
    /// </summary>
    /// <param name="id">Its id here.</param>
    /// <param name="userId">The customer.</param>
    /// <param name="status">Where it is in its life; not PENDING, since its payment is awaited elsewhere.</param>
    /// <param name="lines">What it consists of now.</param>
    /// <param name="currency">ISO 4217 code of every amount.</param>
    /// <param name="shippingAddress">Where to send it.</param>
    /// <param name="notes">What the customer added.</param>
    /// <param name="createdAt">When it was placed, UTC.</param>
    /// <param name="updatedAt">When it last changed, UTC.</param>
    /// <param name="payment">When it was paid, and how much; what that is above the total is taken to be paid back.</param>
    /// <param name="history">Its steps, which lead to <paramref name="status"/>.</param>
    /// <exception cref="ArgumentException">It can't be like that: the caller has to check before.</exception>
    public static Order Import(
        Guid id,
        Guid userId,
        OrderStatus status,
        IReadOnlyCollection<OrderLine> lines,
        string currency,
        string shippingAddress,
        string? notes,
        DateTimeOffset createdAt,
        DateTimeOffset updatedAt,
        (DateTimeOffset At, decimal Amount)? payment,
        IReadOnlyList<OrderHistoryEntry> history)
    {
        RequireLines(lines);
        if (status == OrderStatus.Pending || history is not [.., var last] || last.To != status)
        {
            throw new ArgumentException("An imported order is past PENDING, and its history leads to where it is.", nameof(history));
        }

        var order = new Order
        {
            Id = id,
            UserId = userId,
            Status = status,
            Currency = currency,
            ShippingAddress = shippingAddress,
            Notes = notes,
            HasReservation = false,
            CreatedAt = createdAt,
            UpdatedAt = updatedAt,
            PaidAt = payment?.At,
            PaidAmount = payment?.Amount,
            Version = history.Count,
            LastSequence = last.Sequence,
        };
        order.AddItems(lines);
        if (payment?.Amount < order.TotalAmount && status != OrderStatus.Cancelled)
        {
            throw new ArgumentException("A payment covers the total.", nameof(payment));
        }

        order.RefundAmount = (payment?.Amount ?? 0) - (payment is null || status == OrderStatus.Cancelled ? 0 : order.TotalAmount);
        order._history.AddRange(history);
        return order;
    }

    /// <summary>Cancels the order at the customer's wish. A cancelled order stays as it is.</summary>
    /// <param name="reason">Why, in the customer's words, if there are any.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="OrderRuleException">The order is past the point where it can be cancelled.</exception>
    public void Cancel(string? reason, DateTimeOffset now)
    {
        if (Status == OrderStatus.Cancelled)
        {
            return;
        }

        RequireCancellable();
        GiveUp(WordsOf(reason) ?? NoReason, Actor.Customer, now);
    }

    /// <summary>
    /// Cancels pieces of the order at the customer's wish, and with its last piece the order. Pieces of a cancelled order are gone, so
    /// that this, unlike the cancellation of the whole, can't be repeated.
    /// </summary>
    /// <param name="pieces">How many pieces of which product, each product once.</param>
    /// <param name="reason">Why, in the customer's words, if there are any.</param>
    /// <param name="now">The time.</param>
    /// <exception cref="OrderRuleException">The order is cancelled, or past the point where it can be.</exception>
    /// <exception cref="LinesNotCancellableException">The order has less than that.</exception>
    public void CancelItems(IReadOnlyCollection<ProductQuantity> pieces, string? reason, DateTimeOffset now)
    {
        RequireCancellable();
        var lines = pieces.Select(asked => (Asked: asked, Item: _items.Find(item => item.ProductId == asked.ProductId))).ToList();
        var excess = lines
            .Select(line => new LineNotCancellable(line.Asked.ProductId, line.Asked.Quantity, line.Item?.Quantity ?? 0))
            .Where(line => line.Requested > line.Left)
            .ToList();
        if (excess.Count > 0)
        {
            throw new LinesNotCancellableException(excess);
        }

        if (pieces.Sum(asked => asked.Quantity) == _items.Sum(item => item.Quantity))
        {
            GiveUp(WordsOf(reason) ?? NoReason, Actor.Customer, now);
            return;
        }

        NoteWholePayment();
        var cancelled = lines.Select(line => Take(line.Item!, line.Asked.Quantity)).ToList();
        TotalAmount = _items.Sum(item => item.TotalPrice);
        Touch(now);
        Record(
            new OrderItemsCancelled(Id, UserId, cancelled, TotalAmount, Currency, Status, WordsOf(reason) ?? NoReason, Actor.Customer, now), now);
        var what = $"Cancelled {string.Join(", ", cancelled.Select(item => $"{item.Quantity} × {item.ProductName}"))}";
        Remember(Status, WordsOf(reason) is { } words ? $"{what}: {words}" : what, Actor.Customer, now);
        Owe(new ReduceReservation(Id, [.. lines.Select(line => new ProductQuantity(line.Asked.ProductId, line.Item!.Quantity))]));
        Settle("Partly cancelled after the payment", now);
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
    /// <exception cref="EventRefusedException">It does not go with the order; the order stays as it is.</exception>
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

    private static void RequireLines(IReadOnlyCollection<OrderLine> lines)
    {
        if (lines.Count == 0)
        {
            throw new ArgumentException("An order needs at least one line.", nameof(lines));
        }

        if (lines.DistinctBy(line => line.ProductId, StringComparer.Ordinal).Count() != lines.Count)
        {
            throw new ArgumentException("An order has one line per product.", nameof(lines));
        }
    }

    private void AddItems(IReadOnlyCollection<OrderLine> lines)
    {
        _items.AddRange(lines.Select((line, index) => new OrderItem(Guid.CreateVersion7(CreatedAt), Id, index + 1, line)));
        TotalAmount = _items.Sum(item => item.TotalPrice);
    }

    /// <summary>The first payment counts. It has to cover the total, unless the order is given up and all of it is owed back.</summary>
    private EventOutcome Paid(PaymentSucceeded paid, DateTimeOffset now)
    {
        var isLate = Status == OrderStatus.Cancelled;
        if (PaidAt is not null || (isLate && paid.Amount == 0))
        {
            return EventOutcome.Outdated;
        }

        if (!Money.IsAmount(paid.Amount, paid.Currency) || paid.Currency != Currency || (!isLate && paid.Amount < TotalAmount))
        {
            throw new EventRefusedException(string.Create(
                CultureInfo.InvariantCulture,
                $"A payment of {paid.Amount} {paid.Currency} is none for this order of {TotalAmount:0.00} {Currency}, which is {Status.ToString().ToUpperInvariant()}."));
        }

        (PaidAt, PaidAmount) = (now, paid.Amount);
        if (isLate)
        {
            Touch(now);
            Settle("Paid after the cancellation", now);
            return EventOutcome.Applied;
        }

        var outcome = Move(OrderAction.Confirm, "Paid", Actor.Payment, now);
        Settle("Paid more than the total", now);
        return outcome;
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

    private static string? WordsOf(string? reason) => string.IsNullOrWhiteSpace(reason) ? null : reason;

    private void RequireCancellable()
    {
        if (OrderTransitions.Next(Status, OrderAction.Cancel) is null)
        {
            throw new OrderRuleException(
                "order-not-cancellable",
                $"The order is {Status.ToString().ToUpperInvariant()}; only a PENDING or CONFIRMED order can be cancelled.");
        }
    }

    private void GiveUp(string reason, string by, DateTimeOffset now)
    {
        NoteWholePayment();
        Enter(OrderStatus.Cancelled, reason, by, now);
        Settle("Cancelled after the payment", now);
    }

    private void NoteWholePayment()
    {
        if (PaidAt is not null)
        {
            PaidAmount ??= TotalAmount;
        }
    }

    /// <summary>Takes pieces off a line, and the line off the order with its last piece.</summary>
    private CancelledItem Take(OrderItem item, int quantity)
    {
        var before = item.TotalPrice;
        item.Take(quantity);
        if (item.Quantity == 0)
        {
            _items.Remove(item);
        }

        return new CancelledItem(item.ProductId, item.ProductName, quantity, before - item.TotalPrice);
    }

    /// <summary>The one rule of money owed back: what was paid, less what the order costs now, less what was owed back before.</summary>
    private void Settle(string reason, DateTimeOffset now)
    {
        var costs = Status == OrderStatus.Cancelled ? 0 : TotalAmount;
        var due = (PaidAmount ?? 0) - costs - RefundAmount;
        if (due > 0)
        {
            RefundAmount += due;
            Record(new OrderRefundRequired(Id, UserId, due, Currency, reason, now), now);
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
            Owe(new CommitReservation(Id));
        }
        else if (next == OrderStatus.Cancelled)
        {
            Owe(new ReleaseReservation(Id));
        }
    }

    private void Touch(DateTimeOffset now)
    {
        Version++;
        UpdatedAt = now;
    }

    private void Owe(ReservationCommand command)
    {
        if (HasReservation)
        {
            _commands.Add(command);
        }
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
