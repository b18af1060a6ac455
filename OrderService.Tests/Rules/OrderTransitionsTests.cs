using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

/// <summary>Every status × every action, against the list that design and documentation give.</summary>
public sealed class OrderTransitionsTests
{
    private static readonly (OrderStatus From, OrderAction Action, OrderStatus To)[] Allowed =
    [
        (OrderStatus.Pending, OrderAction.Confirm, OrderStatus.Confirmed),
        (OrderStatus.Pending, OrderAction.Cancel, OrderStatus.Cancelled),
        (OrderStatus.Confirmed, OrderAction.Pick, OrderStatus.Processing),
        (OrderStatus.Confirmed, OrderAction.Cancel, OrderStatus.Cancelled),
        (OrderStatus.Processing, OrderAction.PickUp, OrderStatus.Shipped),
        (OrderStatus.Shipped, OrderAction.Deliver, OrderStatus.Delivered),
    ];

    private static readonly OrderStatus[] HappyPath =
        [OrderStatus.Pending, OrderStatus.Confirmed, OrderStatus.Processing, OrderStatus.Shipped, OrderStatus.Delivered];

    public static TheoryData<OrderStatus, OrderAction> Everything
    {
        get
        {
            var all = new TheoryData<OrderStatus, OrderAction>();
            foreach (var from in Enum.GetValues<OrderStatus>())
            {
                foreach (var action in Enum.GetValues<OrderAction>())
                {
                    all.Add(from, action);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void Only_the_listed_transitions_are_allowed(OrderStatus from, OrderAction action)
    {
        var expected = Allowed.Where(allowed => allowed.From == from && allowed.Action == action)
            .Select(allowed => (OrderStatus?)allowed.To)
            .SingleOrDefault();

        Assert.Equal(expected, OrderTransitions.Next(from, action));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void An_action_may_come_later_only_when_its_status_is_still_ahead(OrderStatus from, OrderAction action)
    {
        var ahead = HappyPath.SkipWhile(status => status != from).Skip(1);
        var expected = ahead.Any(status => Allowed.Any(allowed => allowed.From == status && allowed.Action == action));

        Assert.Equal(expected, OrderTransitions.MayComeLater(from, action));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public void An_event_is_applied_outdated_or_too_early_and_changes_the_order_only_when_applied(OrderStatus from, OrderAction action)
    {
        if (action == OrderAction.Cancel)
        {
            return; // Cancelling is a call, not an event: OrderTests.
        }

        var order = Some.OrderThatIs(from);
        var before = (order.Status, order.Version, order.LastSequence);
        ExternalEvent told = action switch
        {
            OrderAction.Confirm => new PaymentSucceeded(order.Id, order.TotalAmount, order.Currency),
            OrderAction.Pick => new FulfilmentPicked(order.Id),
            OrderAction.PickUp => new FulfilmentPickedUp(order.Id),
            OrderAction.Deliver => new FulfilmentDelivered(order.Id),
            OrderAction.Cancel => throw new InvalidOperationException("Not an event."),
        };

        var outcome = order.Apply(told, Some.Now);

        if (OrderTransitions.Next(from, action) is { } next)
        {
            Assert.Equal((EventOutcome.Applied, next), (outcome, order.Status));
            Assert.Equal((before.Version + 1, before.LastSequence + 1), (order.Version, order.LastSequence));
        }
        else if (from == OrderStatus.Cancelled && action == OrderAction.Confirm)
        {
            Assert.Equal((EventOutcome.Applied, OrderStatus.Cancelled), (outcome, order.Status));
            Assert.IsType<OrderRefundRequired>(Assert.Single(order.Take().Events).Event);
        }
        else
        {
            Assert.Equal(OrderTransitions.MayComeLater(from, action) ? EventOutcome.TooEarly : EventOutcome.Outdated, outcome);
            Assert.Equal(before, (order.Status, order.Version, order.LastSequence));
        }
    }

    [Fact]
    public void Delivered_and_cancelled_are_the_end() =>
        Assert.Equal([OrderStatus.Delivered, OrderStatus.Cancelled], Enum.GetValues<OrderStatus>().Where(OrderTransitions.IsFinal));
}
