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
