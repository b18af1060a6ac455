namespace OrderService.Core.Orders;

/// <summary>Where an order is in its life. Written in upper case (<c>PENDING</c>) in JSON and in the database.</summary>
public enum OrderStatus
{
    /// <summary>Placed; its stock is reserved and its payment is awaited.</summary>
    Pending,

    /// <summary>Paid.</summary>
    Confirmed,

    /// <summary>Picked by the warehouse.</summary>
    Processing,

    /// <summary>Picked up by the carrier.</summary>
    Shipped,

    /// <summary>Received by the customer. Final.</summary>
    Delivered,

    /// <summary>Given up before it was processed. Final.</summary>
    Cancelled,
}

/// <summary>What can move an order from one status to the next.</summary>
public enum OrderAction
{
    /// <summary>The payment succeeded.</summary>
    Confirm,

    /// <summary>The warehouse picked the goods.</summary>
    Pick,

    /// <summary>The carrier picked the parcel up.</summary>
    PickUp,

    /// <summary>The customer received the parcel.</summary>
    Deliver,

    /// <summary>The customer, a failed payment or the payment timeout gave the order up.</summary>
    Cancel,
}

/// <summary>The state machine: the one table of what is allowed.</summary>
public static class OrderTransitions
{
    /// <summary>The status that <paramref name="action"/> leads to, or <c>null</c> where it is not allowed.</summary>
    public static OrderStatus? Next(OrderStatus from, OrderAction action) => from switch
    {
        OrderStatus.Pending => action switch
        {
            OrderAction.Confirm => OrderStatus.Confirmed,
            OrderAction.Cancel => OrderStatus.Cancelled,
            OrderAction.Pick or OrderAction.PickUp or OrderAction.Deliver => null,
        },
        OrderStatus.Confirmed => action switch
        {
            OrderAction.Pick => OrderStatus.Processing,
            OrderAction.Cancel => OrderStatus.Cancelled,
            OrderAction.Confirm or OrderAction.PickUp or OrderAction.Deliver => null,
        },
        OrderStatus.Processing => action switch
        {
            OrderAction.PickUp => OrderStatus.Shipped,
            OrderAction.Confirm or OrderAction.Pick or OrderAction.Deliver or OrderAction.Cancel => null,
        },
        OrderStatus.Shipped => action switch
        {
            OrderAction.Deliver => OrderStatus.Delivered,
            OrderAction.Confirm or OrderAction.Pick or OrderAction.PickUp or OrderAction.Cancel => null,
        },
        OrderStatus.Delivered or OrderStatus.Cancelled => null,
    };

    /// <summary>Whether no action leads any further.</summary>
    public static bool IsFinal(OrderStatus status) => Enum.GetValues<OrderAction>().All(action => Next(status, action) is null);

    /// <summary>
    /// Whether an action that is not allowed now may become so: true when a status that is still ahead allows it, false when its
    /// time has passed.
    /// </summary>
    public static bool MayComeLater(OrderStatus from, OrderAction action) =>
        Enum.GetValues<OrderAction>()
            .Select(step => Next(from, step))
            .OfType<OrderStatus>()
            .Any(next => Next(next, action) is not null || MayComeLater(next, action));
}
