using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OrderService.Api.Orders;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>All that is known of an order.</summary>
/// <param name="Order">The order, with its lines.</param>
/// <param name="PaidAt">When it was paid, UTC; <c>null</c> if it was not.</param>
/// <param name="PaidAmount">What was paid.</param>
/// <param name="RefundAmount">What of that is owed back.</param>
/// <param name="History">Its transitions, the oldest first.</param>
/// <param name="Events">What we tell others of it, by sequence.</param>
/// <param name="Received">What others told us of it and had its effect; forgotten after some time.</param>
/// <param name="Traces">Where the Aspire dashboard shows its traces, if the dashboard's address is configured.</param>
internal sealed record OrderStory(
    OrderResponse Order,
    DateTimeOffset? PaidAt,
    decimal? PaidAmount,
    decimal RefundAmount,
    IReadOnlyList<OrderTransition> History,
    IReadOnlyList<ToldEvent> Events,
    IReadOnlyList<ReceivedEvent> Received,
    string? Traces);

/// <summary>What became of an event of ours.</summary>
[JsonConverter(typeof(UpperCaseEnum<EventDelivery>))]
internal enum EventDelivery
{
    /// <summary>It is in Kafka.</summary>
    Sent,

    /// <summary>It is in the outbox, to be sent.</summary>
    Waiting,

    /// <summary>Kafka refused it, and it waits for a person.</summary>
    Parked,
}

/// <summary>An event that tells others of an order.</summary>
/// <param name="Sequence">Its <c>ce_sequence</c>.</param>
/// <param name="Type">Its <c>ce_type</c>.</param>
/// <param name="At">When it happened, UTC.</param>
/// <param name="Delivery">What became of it; <c>null</c> while the outbox is too long to look for it there.</param>
internal sealed record ToldEvent(int Sequence, string Type, DateTimeOffset At, EventDelivery? Delivery);

/// <summary>An event of another service that had its effect on an order.</summary>
/// <param name="Id">Its <c>ce_id</c>.</param>
/// <param name="Source">Its <c>ce_source</c>.</param>
/// <param name="HandledAt">When it had its effect, UTC.</param>
internal sealed record ReceivedEvent(string Id, string Source, DateTimeOffset HandledAt);

/// <summary>
/// GET /api/operations/orders/{id}. What was sent is no longer in the outbox; that it was is told by the order, whose events have numbers
/// without gaps, and its history, which has all of them but those of money owed back.
/// </summary>
internal static class GetOrderStory
{
    public static async Task<Results<Ok<OrderStory>, ProblemHttpResult>> HandleAsync(
        OrderId id, OrdersDbContext database, IOptions<OperationsOptions> options, CancellationToken cancellationToken)
    {
        if (await database.Orders.AsNoTracking().Include(o => o.Items).SingleOrDefaultAsync(o => o.Id == id.Value, cancellationToken) is not { } order)
        {
            return OrderResponse.NotFound();
        }

        var history = await GetOrderHistory.ReadAsync(database, order.Id, order.UserId, cancellationToken);
        var received = await database.Inbox
            .Where(message => message.OrderId == order.Id)
            .OrderBy(message => message.HandledAt).ThenBy(message => message.EventId)
            .Select(message => new ReceivedEvent(message.EventId, message.Source, message.HandledAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(new OrderStory(
            OrderResponse.Of(order),
            order.PaidAt,
            order.PaidAmount,
            order.RefundAmount,
            history,
            [.. EventsOf(order, history, await FindDeliveriesAsync(database, order.Id, cancellationToken))],
            received,
            options.Value.TracesOf(order.Id)));
    }

    private static IEnumerable<ToldEvent> EventsOf(
        Order order, List<OrderTransition> history, (Dictionary<int, EventDelivery> Unsent, EventDelivery? Others) deliveries)
    {
        var steps = history.ToDictionary(transition => transition.Sequence);
        var at = order.CreatedAt;
        for (var sequence = 1; sequence <= order.LastSequence; sequence++)
        {
            var step = steps.GetValueOrDefault(sequence);
            at = step?.At ?? (order.PaidAt > at ? order.PaidAt.Value : at);
            var delivery = deliveries.Unsent.TryGetValue(sequence, out var unsent) ? unsent : deliveries.Others;
            yield return new(sequence, TypeOf(step), at, delivery);
        }
    }

    /// <summary>The event that told a transition. One that told none told of money owed back: with the transition before it, or a late payment.</summary>
    private static string TypeOf(OrderTransition? step) => step switch
    {
        null => EventCatalog.NameOf<OrderRefundRequired>(),
        { From: null } => EventCatalog.NameOf<OrderPlaced>(),
        _ when step.From == step.To => EventCatalog.NameOf<OrderItemsCancelled>(),
        _ => step.To switch
        {
            OrderStatus.Confirmed => EventCatalog.NameOf<OrderConfirmed>(),
            OrderStatus.Processing => EventCatalog.NameOf<OrderProcessing>(),
            OrderStatus.Shipped => EventCatalog.NameOf<OrderShipped>(),
            OrderStatus.Delivered => EventCatalog.NameOf<OrderDelivered>(),
            OrderStatus.Cancelled => EventCatalog.NameOf<OrderCancelled>(),
            OrderStatus.Pending => throw new InvalidOperationException("No transition leads back to PENDING."),
        },
    };

    /// <summary>
    /// What became of the events that are still in the outbox, and of all others. Rows have no index by order, but for parked ones: those are
    /// found anyhow, and the others among the oldest rows, which are all of them but in a long backlog.
    /// </summary>
    private static async Task<(Dictionary<int, EventDelivery> Unsent, EventDelivery? Others)> FindDeliveriesAsync(
        OrdersDbContext database, Guid orderId, CancellationToken cancellationToken)
    {
        var waiting = await database.Outbox.OrderBy(row => row.Position).Take(DeadLetters.OldestRows)
            .Where(row => row.OrderId == orderId && row.Channel == OutboxChannel.Events)
            .Select(row => row.Sequence)
            .ToListAsync(cancellationToken);
        var parked = await database.Outbox
            .Where(row => row.ParkedAt != null && row.OrderId == orderId && row.Channel == OutboxChannel.Events)
            .Select(row => row.Sequence)
            .ToListAsync(cancellationToken);
        var isLong = await database.Outbox.OrderBy(row => row.Position).Skip(DeadLetters.OldestRows).AnyAsync(cancellationToken);
        var unsent = waiting.Select(sequence => (sequence, EventDelivery.Waiting))
            .Concat(parked.Select(sequence => (sequence, EventDelivery.Parked)))
            .GroupBy(row => row.sequence)
            .ToDictionary(rows => rows.Key, rows => rows.Last().Item2);
        return (unsent, isLong ? null : EventDelivery.Sent);
    }
}
