using System.Globalization;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;

namespace OrderService.Api.Operations;

/// <summary>The rules of an imported order.</summary>
internal static class OrderRecords
{
    /// <summary>Steps of an order.</summary>
    public const int MaxSteps = 1_000;

    /// <summary>Characters of a step's reason: a partial cancellation names every product.</summary>
    public const int ReasonLength = 25_000;

    /// <summary>Characters of who made a step.</summary>
    public const int ActorLength = 64;

    private const int MaxSequence = 1_000_000;
    private const string NoReason = "Imported";
    private const string UpdatedTooEarly = "Is before the order was placed, or before its last step.";

    /// <summary>Before any shop of this kind, and after what a clock shows that was never set.</summary>
    private static readonly DateTimeOffset Earliest = new(1990, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Makes an order of what a line tells, with everything in it that the line left out.</summary>
    /// <param name="line">The line.</param>
    /// <param name="now">The time.</param>
    /// <param name="errors">Gets what is wrong with it.</param>
    /// <returns>The order and the complete record of it; <c>null</c> if there are errors.</returns>
    public static (Order Order, OrderRecord Complete)? Import(OrderRecord line, DateTimeOffset now, InputErrors errors)
    {
        errors.RequireText("externalId", line.ExternalId, ImportedOrder.ExternalIdLength);
        RequireId("userId", line.UserId, errors);
        if (line.Id == Guid.Empty)
        {
            errors.Add("id", "Is a UUID, and not the empty one.");
        }

        if (line.Status is null)
        {
            errors.Add("status", "Is required.");
        }
        else if (line.Status == OrderStatus.Pending)
        {
            errors.Add("status", "Is not PENDING: an order waits for its payment where it was placed, and is imported once it is paid or cancelled.");
        }

        var currency = line.Currency ?? "";
        if (!Money.IsAmount(0, currency))
        {
            errors.Add("currency", "Is an ISO 4217 code of three capital letters.");
        }

        errors.RequireText("shippingAddress", line.ShippingAddress, OrderLimits.AddressLength);
        errors.CheckText("notes", line.Notes, OrderLimits.NotesLength);
        var items = Items(line.Items, errors);
        var total = items.Sum(item => Money.LineTotal(item.UnitPrice, item.Quantity));
        if (!Money.IsAmount(total, "EUR"))
        {
            errors.Add("items", "Cost more than an order can.");
        }

        RequireSame("totalAmount", line.TotalAmount, total, "its lines cost", errors);
        RequireInstant("createdAt", line.CreatedAt, now, errors);
        CheckInstant("updatedAt", line.UpdatedAt, now, errors);
        CheckInstant("paidAt", line.PaidAt, now, errors);
        if (!errors.IsEmpty)
        {
            return null;
        }

        var createdAt = line.CreatedAt!.Value.ToMicroseconds();
        var id = line.Id ?? Guid.CreateVersion7(createdAt);
        var history = History(line, id, createdAt, now, errors);
        if (!errors.IsEmpty)
        {
            return null;
        }

        var updatedAt = (line.UpdatedAt ?? history[^1].At).ToMicroseconds();
        if (updatedAt < history[^1].At)
        {
            errors.Add("updatedAt", UpdatedTooEarly);
        }

        var payment = Payment(line, total, history, errors);
        if (!errors.IsEmpty)
        {
            return null;
        }

        var order = Order.Import(
            id, line.UserId!.Value, line.Status!.Value, items, currency, line.ShippingAddress!, line.Notes, createdAt, updatedAt, payment, history);
        return (order, Complete(line.ExternalId!, order, history));
    }

    /// <summary>The record of an order that is imported now: the same as is exported of it later.</summary>
    private static OrderRecord Complete(string externalId, Order order, List<OrderHistoryEntry> history) => new(
        externalId,
        order.Id,
        order.UserId,
        order.Status,
        order.Currency,
        Money.WithCents(order.TotalAmount),
        order.ShippingAddress,
        order.Notes,
        [.. order.Items.Select(item => new OrderRecordItem(
            item.ProductId, item.ProductName, item.Quantity, Money.WithCents(item.UnitPrice), Money.WithCents(item.TotalPrice)))],
        order.CreatedAt,
        order.UpdatedAt,
        order.PaidAt,
        order.PaidAmount is { } paid ? Money.WithCents(paid) : null,
        [.. history.Select(step => new OrderRecordStep(step.Sequence, step.From, step.To, step.At, step.Reason, step.By))]);

    private static List<OrderLine> Items(IReadOnlyList<OrderRecordItem?>? items, InputErrors errors)
    {
        if (items is null or { Count: 0 or > OrderLimits.MaxLines })
        {
            errors.Add("items", $"Has 1 to {OrderLimits.MaxLines} lines.");
            return [];
        }

        var lines = new List<OrderLine>(items.Count);
        var products = new HashSet<string>(items.Count, StringComparer.Ordinal);
        for (var i = 0; i < items.Count; i++)
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"items[{i}]");
            if (items[i] is not { } item)
            {
                errors.Add(field, "Is required.");
                continue;
            }

            errors.RequireProductId($"{field}.productId", item.ProductId);
            errors.RequireText($"{field}.productName", item.ProductName, OrderLimits.ProductNameLength);
            errors.RequireQuantity($"{field}.quantity", item.Quantity);
            if (item.UnitPrice is not { } price || !Money.IsAmount(price, "EUR"))
            {
                errors.Add($"{field}.unitPrice", "Is an amount from 0, of at most two decimals.");
                continue;
            }

            if (item.ProductId is not null && !products.Add(item.ProductId))
            {
                errors.Add($"{field}.productId", "Has a line already; an order has one per product.");
            }

            var quantity = item.Quantity ?? 0;
            if (quantity is > 0 and <= OrderLimits.MaxQuantity)
            {
                RequireSame($"{field}.totalPrice", item.TotalPrice, Money.LineTotal(price, quantity), "the line costs", errors);
                lines.Add(new(item.ProductId ?? "", item.ProductName ?? "", quantity, price));
            }
        }

        return lines;
    }

    private static List<OrderHistoryEntry> History(OrderRecord line, Guid orderId, DateTimeOffset createdAt, DateTimeOffset now, InputErrors errors)
    {
        var status = line.Status!.Value;
        if (line.History is not { Count: > 0 } told)
        {
            var changedAt = (line.UpdatedAt ?? createdAt).ToMicroseconds();
            if (changedAt < createdAt)
            {
                errors.Add("updatedAt", UpdatedTooEarly);
            }

            return
            [
                Step(orderId, 1, null, OrderStatus.Pending, createdAt, "Placed", Actor.Customer),
                Step(orderId, 2, OrderStatus.Pending, status, changedAt, NoReason, Actor.System),
            ];
        }

        var history = new List<OrderHistoryEntry>(told.Count);
        if (told.Count > MaxSteps)
        {
            errors.Add("history", $"Has at most {MaxSteps} steps.");
            return history;
        }

        OrderHistoryEntry? before = null;
        for (var i = 0; i < told.Count; i++)
        {
            var field = string.Create(CultureInfo.InvariantCulture, $"history[{i}]");
            if (told[i] is not { To: { } to } step)
            {
                errors.Add($"{field}.to", "Is required.");
                return history;
            }

            RequireInstant($"{field}.at", step.At, now, errors);
            errors.CheckText($"{field}.reason", step.Reason, ReasonLength);
            errors.CheckText($"{field}.by", step.By, ActorLength);
            if (step.From is not null && step.From != before?.To)
            {
                errors.Add($"{field}.from", "Is not where the step before leads to.");
            }

            if (before is not null && before.To != to && OrderTransitions.IsFinal(before.To))
            {
                errors.Add($"{field}.to", "Comes after an end.");
            }

            var at = (step.At ?? createdAt).ToMicroseconds();
            if (at < (before?.At ?? createdAt))
            {
                errors.Add($"{field}.at", "Is before the step before, or before the order was placed.");
            }

            var sequence = step.Sequence ?? (before?.Sequence ?? 0) + 1;
            if (sequence <= (before?.Sequence ?? 0) || sequence > MaxSequence)
            {
                errors.Add($"{field}.sequence", $"Is larger than the one before, and at most {MaxSequence}.");
            }

            before = Step(
                orderId,
                sequence,
                before?.To,
                to,
                at,
                string.IsNullOrWhiteSpace(step.Reason) ? NoReason : step.Reason,
                string.IsNullOrWhiteSpace(step.By) ? Actor.System : step.By);
            history.Add(before);
        }

        if (before!.To != status)
        {
            errors.Add("history", "Does not lead to the status.");
        }

        return history;
    }

    private static (DateTimeOffset At, decimal Amount)? Payment(OrderRecord line, decimal total, List<OrderHistoryEntry> history, InputErrors errors)
    {
        var isCancelled = line.Status == OrderStatus.Cancelled;
        if (isCancelled && line.PaidAt is null && line.PaidAmount is null)
        {
            return null;
        }

        var amount = line.PaidAmount ?? total;
        if (!Money.IsAmount(amount, "EUR"))
        {
            errors.Add("paidAmount", "Is an amount from 0, of at most two decimals.");
        }
        else if (amount < total && !isCancelled)
        {
            errors.Add("paidAmount", "Is less than the total.");
        }

        return ((line.PaidAt ?? history.First(step => step.To != OrderStatus.Pending).At).ToMicroseconds(), amount);
    }

    private static OrderHistoryEntry Step(Guid orderId, int sequence, OrderStatus? from, OrderStatus to, DateTimeOffset at, string reason, string by) => new()
    {
        OrderId = orderId, Sequence = sequence, From = from, To = to, At = at, Reason = reason, By = by,
    };

    private static void RequireId(string field, Guid? id, InputErrors errors)
    {
        if (id is null || id == Guid.Empty)
        {
            errors.Add(field, "Is a UUID, and not the empty one.");
        }
    }

    private static void RequireSame(string field, decimal? told, decimal computed, string what, InputErrors errors)
    {
        if (told is not null && told != computed)
        {
            errors.Add(field, string.Create(CultureInfo.InvariantCulture, $"Is {told}, and {what} {Money.WithCents(computed)}."));
        }
    }

    private static void RequireInstant(string field, DateTimeOffset? instant, DateTimeOffset now, InputErrors errors)
    {
        if (instant is null)
        {
            errors.Add(field, "Is required.");
        }

        CheckInstant(field, instant, now, errors);
    }

    private static void CheckInstant(string field, DateTimeOffset? instant, DateTimeOffset now, InputErrors errors)
    {
        if (instant > now)
        {
            errors.Add(field, "Is in the future.");
        }
        else if (instant < Earliest)
        {
            errors.Add(field, $"Is before {Earliest.Year}.");
        }
    }
}
