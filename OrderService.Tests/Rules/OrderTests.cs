using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

public sealed class OrderTests
{
    [Fact]
    public void A_placed_order_is_pending_and_totals_its_lines()
    {
        var order = Some.NewOrder(new OrderLine("A", "a", 3, 0.35m), new OrderLine("B", "b", 1_000, 1_234.56m));

        Assert.Equal(OrderStatus.Pending, order.Status);
        Assert.Equal([1.05m, 1_234_560.00m], order.Items.Select(item => item.TotalPrice));
        Assert.Equal(1_234_561.05m, order.TotalAmount);
        Assert.Equal([1, 2], order.Items.Select(item => item.Line));
    }

    [Theory]
    [InlineData(10.285, 1, 10.29)]
    [InlineData(0.005, 1, 0.01)]
    [InlineData(0.005, 3, 0.02)]
    [InlineData(3.333, 3, 10.00)]
    public void A_line_is_rounded_once_half_away_from_zero(double unitPrice, int quantity, double total) =>
        Assert.Equal((decimal)total, Money.LineTotal((decimal)unitPrice, quantity));

    [Fact]
    public void Placing_without_lines_is_refused() =>
        Assert.Throws<ArgumentException>(() =>
            Order.Place(Guid.NewGuid(), Guid.NewGuid(), [], "EUR", "somewhere", null, null, Some.Now));

    [Fact]
    public void Placing_two_lines_of_one_product_is_refused() =>
        Assert.Throws<ArgumentException>(() => Some.NewOrder(new OrderLine("A", "a", 1, 1m), new OrderLine("A", "a", 1, 1m)));

    [Fact]
    public void A_life_to_delivery_leaves_five_events_in_sequence_and_one_commit()
    {
        var order = Some.NewOrder();
        order.Apply(new PaymentSucceeded(order.Id, order.TotalAmount, "EUR"), Some.Now);
        order.Apply(new FulfilmentPicked(order.Id), Some.Now);
        order.Apply(new FulfilmentPickedUp(order.Id), Some.Now);
        order.Apply(new FulfilmentDelivered(order.Id), Some.Now);

        var (events, commands, history) = order.Take();

        Assert.Equal(
            [typeof(OrderPlaced), typeof(OrderConfirmed), typeof(OrderProcessing), typeof(OrderShipped), typeof(OrderDelivered)],
            events.Select(pending => pending.Event.GetType()));
        Assert.Equal([1, 2, 3, 4, 5], events.Select(pending => pending.Sequence));
        Assert.IsType<CommitReservation>(Assert.Single(commands));
        Assert.Equal(
            [null, OrderStatus.Pending, OrderStatus.Confirmed, OrderStatus.Processing, OrderStatus.Shipped],
            history.Select(entry => entry.From));
        Assert.Equal(history.Skip(1).Select(entry => entry.From), history.SkipLast(1).Select(entry => (OrderStatus?)entry.To));
    }

    [Fact]
    public void What_an_order_owes_is_handed_over_once()
    {
        var order = Some.NewOrder();

        Assert.Single(order.Take().Events);
        Assert.Empty(order.Take().Events);
    }

    [Theory]
    [InlineData(OrderStatus.Pending, false)]
    [InlineData(OrderStatus.Confirmed, true)]
    public void Cancelling_releases_the_stock_and_refunds_what_was_paid(OrderStatus from, bool refund)
    {
        var order = Some.OrderThatIs(from);

        order.Cancel("Changed my mind", Some.Now);

        var (events, commands, history) = order.Take();
        Assert.Equal(OrderStatus.Cancelled, order.Status);
        Assert.IsType<ReleaseReservation>(Assert.Single(commands));
        Assert.Equal("Changed my mind", Assert.Single(history).Reason);
        Assert.Equal("Changed my mind", events.Select(pending => pending.Event).OfType<OrderCancelled>().Single().Reason);
        Assert.Equal(refund ? [order.TotalAmount] : [], events.Select(pending => pending.Event).OfType<OrderRefundRequired>().Select(r => r.Amount));
    }

    [Fact]
    public void Cancelling_a_cancelled_order_changes_nothing()
    {
        var order = Some.OrderThatIs(OrderStatus.Cancelled);
        var version = order.Version;

        order.Cancel("Again", Some.Now);

        Assert.Equal(version, order.Version);
        Assert.Empty(order.Take().Events);
    }

    [Theory]
    [InlineData(OrderStatus.Processing)]
    [InlineData(OrderStatus.Shipped)]
    [InlineData(OrderStatus.Delivered)]
    public void Cancelling_too_late_is_refused_by_name_and_changes_nothing(OrderStatus status)
    {
        var order = Some.OrderThatIs(status);
        var version = order.Version;

        var refusal = Assert.Throws<OrderRuleException>(() => order.Cancel("Too late", Some.Now));

        Assert.Equal("order-not-cancellable", refusal.Rule);
        Assert.Contains(status.ToString().ToUpperInvariant(), refusal.Message, StringComparison.Ordinal);
        Assert.Equal((status, version), (order.Status, order.Version));
        Assert.Empty(order.Take().Events);
    }

    [Fact]
    public void A_payment_after_the_cancellation_is_refunded_once()
    {
        var order = Some.OrderThatIs(OrderStatus.Cancelled);

        Assert.Equal(EventOutcome.Applied, order.Apply(new PaymentSucceeded(order.Id, 12.50m, "EUR"), Some.Now));
        Assert.Equal(EventOutcome.Outdated, order.Apply(new PaymentSucceeded(order.Id, 12.50m, "EUR"), Some.Now));

        var refund = Assert.IsType<OrderRefundRequired>(Assert.Single(order.Take().Events).Event);
        Assert.Equal((12.50m, "EUR"), (refund.Amount, refund.Currency));
        Assert.Equal(OrderStatus.Cancelled, order.Status);
    }

    [Theory]
    [InlineData(OrderStatus.Pending, 189.47, "EUR")]
    [InlineData(OrderStatus.Pending, 0, "EUR")]
    [InlineData(OrderStatus.Pending, 189.48, "USD")]
    [InlineData(OrderStatus.Pending, 189.485, "EUR")]
    [InlineData(OrderStatus.Pending, 1e17, "EUR")]
    [InlineData(OrderStatus.Cancelled, 189.48, "USD")]
    [InlineData(OrderStatus.Cancelled, -1, "EUR")]
    public void A_payment_that_does_not_go_with_the_order_is_refused_with_both_amounts(OrderStatus status, double amount, string currency)
    {
        var order = Some.OrderThatIs(status);
        var version = order.Version;

        var refusal = Assert.Throws<EventRefusedException>(() => order.Apply(new PaymentSucceeded(order.Id, (decimal)amount, currency), Some.Now));

        Assert.Contains(FormattableString.Invariant($"{(decimal)amount} {currency}"), refusal.Message, StringComparison.Ordinal);
        Assert.Contains("189.48 EUR", refusal.Message, StringComparison.Ordinal);
        Assert.Equal((status, version, null), (order.Status, order.Version, order.PaidAt));
        Assert.Empty(order.Take().Events);
    }

    [Fact]
    public void What_was_paid_above_the_total_is_owed_back()
    {
        var order = Some.NewOrder(new OrderLine("A", "a", 1, 10.00m));

        order.Apply(new PaymentSucceeded(order.Id, 12.34m, "EUR"), Some.Now);

        Assert.Equal(OrderStatus.Confirmed, order.Status);
        Assert.Equal(2.34m, order.Take().Events.Select(pending => pending.Event).OfType<OrderRefundRequired>().Single().Amount);
    }

    [Fact]
    public void Cancelling_pieces_tells_what_they_were_what_stays_and_what_is_owed_back()
    {
        var order = Some.OrderThatIs(OrderStatus.Confirmed);
        var kept = order.Items[0].Id;

        order.CancelItems([new("P-0002", 1), new("P-0001", 1)], "Too many", Some.Now);

        var (events, commands, history) = order.Take();
        Assert.Equal((OrderStatus.Confirmed, 19.99m), (order.Status, order.TotalAmount));
        Assert.Equal((kept, 1, 19.99m), (Assert.Single(order.Items).Id, order.Items[0].Quantity, order.Items[0].TotalPrice));
        var cancelled = Assert.IsType<OrderItemsCancelled>(events[0].Event);
        Assert.Equal([new("P-0002", "Desk", 1, 149.50m), new("P-0001", "Lamp", 1, 19.99m)], cancelled.Items);
        Assert.Equal((19.99m, OrderStatus.Confirmed, "Too many"), (cancelled.TotalAmount, cancelled.Status, cancelled.Reason));
        Assert.Equal(169.49m, Assert.IsType<OrderRefundRequired>(events[1].Event).Amount);
        Assert.Equal([new("P-0002", 0), new("P-0001", 1)], Assert.IsType<ReduceReservation>(Assert.Single(commands)).Items);
        var entry = Assert.Single(history);
        Assert.Equal(
            (OrderStatus.Confirmed, OrderStatus.Confirmed, "Cancelled 1 × Desk, 1 × Lamp: Too many", Actor.Customer),
            (entry.From, entry.To, entry.Reason, entry.By));
    }

    [Fact]
    public void Cancelling_more_than_there_is_names_every_such_line_and_changes_nothing()
    {
        var order = Some.OrderThatIs(OrderStatus.Pending);

        var refusal = Assert.Throws<LinesNotCancellableException>(
            () => order.CancelItems([new("P-0001", 1), new("P-0002", 2), new("P-0003", 1)], null, Some.Now));

        Assert.Equal([new("P-0002", 2, 1), new("P-0003", 1, 0)], refusal.Lines);
        Assert.Equal((189.48m, 1), (order.TotalAmount, order.Version));
        Assert.Empty(order.Take().Events);
    }

    [Theory]
    [InlineData(OrderStatus.Processing)]
    [InlineData(OrderStatus.Delivered)]
    [InlineData(OrderStatus.Cancelled)]
    public void Pieces_of_an_order_that_is_past_that_or_cancelled_cannot_be_cancelled(OrderStatus status)
    {
        var order = Some.OrderThatIs(status);

        var refusal = Assert.Throws<OrderRuleException>(() => order.CancelItems([new("P-0001", 1)], null, Some.Now));

        Assert.Equal("order-not-cancellable", refusal.Rule);
        Assert.Empty(order.Take().Events);
    }

    [Theory]
    [InlineData(OrderStatus.Confirmed)]
    [InlineData(OrderStatus.Delivered)]
    [InlineData(OrderStatus.Cancelled)]
    public void A_failed_payment_only_matters_to_a_pending_order(OrderStatus status)
    {
        var order = Some.OrderThatIs(status);

        Assert.Equal(EventOutcome.Outdated, order.Apply(new PaymentFailed(order.Id, null, "Card declined"), Some.Now));
        Assert.Equal(status, order.Status);
    }

    [Fact]
    public void A_failed_payment_cancels_a_pending_order_and_says_why()
    {
        var order = Some.OrderThatIs(OrderStatus.Pending);

        Assert.Equal(EventOutcome.Applied, order.Apply(new PaymentFailed(order.Id, null, "Card declined"), Some.Now));

        var entry = Assert.Single(order.Take().History);
        Assert.Equal((OrderStatus.Cancelled, "Payment failed: Card declined", Actor.Payment), (entry.To, entry.Reason, entry.By));
    }

    [Theory]
    [InlineData(OrderStatus.Pending, OrderStatus.Cancelled)]
    [InlineData(OrderStatus.Confirmed, OrderStatus.Confirmed)]
    [InlineData(OrderStatus.Cancelled, OrderStatus.Cancelled)]
    public void The_payment_timeout_only_cancels_pending_orders(OrderStatus from, OrderStatus to)
    {
        var order = Some.OrderThatIs(from);

        order.TimeOutPayment(Some.Now);

        Assert.Equal(to, order.Status);
        Assert.Equal(from == to ? 0 : 1, order.Take().Commands.Count);
    }
}
