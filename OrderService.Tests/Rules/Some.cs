using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

/// <summary>Examples for tests without a host.</summary>
internal static class Some
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);

    public static Order NewOrder(params OrderLine[] lines) => Order.Place(
        Guid.CreateVersion7(Now),
        Guid.NewGuid(),
        lines.Length > 0 ? lines : [new OrderLine("P-0001", "Lamp", 2, 19.99m), new OrderLine("P-0002", "Desk", 1, 149.50m)],
        "EUR",
        "1 Main Street, Springfield",
        null,
        null,
        Now);

    /// <summary>An order in the given status, reached by its own rules; what it did on the way is taken off it.</summary>
    public static Order OrderThatIs(OrderStatus status)
    {
        var order = NewOrder();
        if (status == OrderStatus.Cancelled)
        {
            order.Cancel("Changed my mind", Now);
        }
        else
        {
            ExternalEvent[] path =
            [
                new PaymentSucceeded(order.Id, order.TotalAmount, order.Currency),
                new FulfilmentPicked(order.Id),
                new FulfilmentPickedUp(order.Id),
                new FulfilmentDelivered(order.Id),
            ];
            foreach (var step in path.TakeWhile(_ => order.Status != status))
            {
                order.Apply(step, Now);
            }
        }

        Assert.Equal(status, order.Status);
        order.Take();
        return order;
    }
}
