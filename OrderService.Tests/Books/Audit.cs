using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Books;

/// <summary>Looks at everything that can be seen from outside once nothing moves any more, and tells what does not agree.</summary>
internal sealed class Audit(ShopFixture shop, Ledger ledger)
{
    private const int OrdersAtOnce = 8;

    private static readonly string[] Life = ["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED"];

    private readonly List<string> _findings = [.. ledger.Findings];
    private readonly ILookup<PlacedOrder, SentEvent> _told = ledger.Events.ToLookup(e => e.Order);

    public async Task<IReadOnlyList<string>> FindAsync()
    {
        var rows = await ReadRowsAsync();
        CheckOrders(rows);
        var byId = rows.ToDictionary(row => row.Id);
        var isLookedAt = new ParallelOptions { MaxDegreeOfParallelism = OrdersAtOnce };
        await Parallel.ForEachAsync(ledger.Orders.Where(order => byId.ContainsKey(order.Id)), isLookedAt, async (order, _) =>
        {
            var row = byId[order.Id];
            CheckRow(order, row);
            await CheckAnswersAsync(order, row);
            await CheckEventsAsync(order, row);
        });

        await CheckDeadLettersAsync(rows);
        await CheckStockAsync(rows);
        await CheckCartsAsync();
        return _findings;
    }

    /// <summary>Every order that anybody was told of is there, and no other.</summary>
    private void CheckOrders(List<Row> rows)
    {
        var (told, there) = (ledger.Orders.Select(order => order.Id).ToHashSet(), rows.Select(row => row.Id).ToHashSet());
        foreach (var lost in ledger.Orders.Where(order => !there.Contains(order.Id)))
        {
            _findings.Add($"{lost} was answered with 201 and is not in PostgreSQL.");
        }

        foreach (var doubled in there.Except(told))
        {
            _findings.Add($"Order {doubled} is in PostgreSQL, and no answer told so.");
        }
    }

    /// <summary>What was asked for and accepted is what the order is.</summary>
    private void CheckRow(PlacedOrder order, Row row)
    {
        Same($"Total of {order} and the sum of its lines", row.Total, row.Lines.Sum(line => line.Total));
        foreach (var line in row.Lines)
        {
            Same($"{line.Quantity} × {line.UnitPrice} in {order}", line.Quantity * line.UnitPrice, line.Total);
            var shelf = ledger.Shelves.Single(shelf => shelf.Id == line.Product);
            Check(shelf.Prices.Contains(line.UnitPrice), $"{shelf.Letter} never cost {line.UnitPrice}, as {order} says.");
        }

        var told = _told[order].ToList();
        var failed = told.Exists(e => e.Deed == Deed.FailToPay);
        var payments = told.Where(e => e.Deed is Deed.Pay or Deed.PayTooMuch or Deed.PayTooLittle).ToList();
        Check(row.Paid is null || payments.Exists(e => e.Amount == row.Paid), $"{order} was paid {row.Paid}, and nobody paid that.");
        Check(row.Paid is not null || payments.TrueForAll(e => e.Deed == Deed.PayTooLittle), $"{order} was paid, and does not know of it.");

        if (row.Status == "CANCELLED")
        {
            Check(order.SaidCancelled || order.IsForgotten || failed, $"{order} is CANCELLED, and nothing told so.");
            return;
        }

        Check(!order.SaidCancelled, $"{order} is {row.Status}, and an answer said CANCELLED.");
        Check(!order.IsForgotten, $"{order} is {row.Status}, and was not paid in time.");
        Check(!failed || row.Paid is not null, $"The payment of {order} failed, and it is {row.Status}.");
        var steps = new[] { Deed.Pick, Deed.PickUp, Deed.Deliver }.TakeWhile(step => told.Exists(e => e.Deed == step)).Count();
        Same($"State of {order}", row.Paid is null ? "PENDING" : Life[1 + steps], row.Status);
        SameAll(
            $"Pieces of {order}",
            Pieces(order.Placed.Select(line => (line.Key, line.Value - order.Cancelled.GetValueOrDefault(line.Key)))),
            Pieces(row.Lines.Select(line => (line.Product, line.Quantity))));
    }

    /// <summary>HTTP tells what PostgreSQL has, and the history leads there.</summary>
    private async Task CheckAnswersAsync(PlacedOrder order, Row row)
    {
        var shown = (await order.Customer.GetAsync($"/api/orders/{order.Id}")).Is(HttpStatusCode.OK);
        Same($"State of {order} over HTTP", row.Status, shown.OrderStatus);
        Same($"Total of {order} over HTTP", row.Total, shown.Body.GetProperty("totalAmount").GetDecimal());
        SameAll(
            $"Lines of {order} over HTTP",
            row.Lines,
            shown.Body.GetProperty("items").EnumerateArray().Select(item => new RowLine(
                Text(item, "productId")!,
                item.GetProperty("quantity").GetInt32(),
                item.GetProperty("unitPrice").GetDecimal(),
                item.GetProperty("totalPrice").GetDecimal())));

        var history = (await order.Customer.GetAsync($"/api/orders/{order.Id}/history")).Is(HttpStatusCode.OK).Body.GetProperty("items");
        var from = history.EnumerateArray().Select(step => Text(step, "from")).ToList();
        var to = history.EnumerateArray().Select(step => Text(step, "to")).ToList();
        SameAll($"History of {order}, where each step begins", [null, .. to.SkipLast(1)], from);
        Same($"History of {order}, its end", row.Status, to.LastOrDefault());
    }

    /// <summary>Who only listens knows the same.</summary>
    private async Task CheckEventsAsync(PlacedOrder order, Row row)
    {
        var events = await Eventually.SeeAsync(
            () => shop.Events.Of(order.Id).DistinctBy(e => e.Id).ToList(),
            seen => seen.Exists(e => e.Sequence >= row.LastSequence),
            $"event {row.LastSequence} of {order}");
        SameAll($"Sequences of {order}", Enumerable.Range(1, row.LastSequence), events.Select(e => e.Sequence));
        Same($"The last state that events of {order} tell", row.Status, events.Select(StatusIn).Last(status => status is not null));

        var cancelled = events.Where(e => e.Name == "items-cancelled").SelectMany(e => e.Body.GetProperty("items").EnumerateArray());
        Same(
            $"Total of {order} as its events tell it",
            row.Total,
            events.Where(e => e.Name == "placed").Sum(e => e.Body.GetProperty("totalAmount").GetDecimal())
                - cancelled.Sum(item => item.GetProperty("amount").GetDecimal()));

        var refunds = events.Where(e => e.Name == "refund-required").Select(e => e.Body.GetProperty("amount").GetDecimal()).ToList();
        Check(refunds.TrueForAll(amount => amount > 0), $"Refunds of {order} are {string.Join(", ", refunds)}.");
        Same($"What is owed back of {order}, in events and in PostgreSQL", row.Refund, refunds.Sum());
        Same(
            $"Paid for {order} less what is owed back",
            row.Status == "CANCELLED" || row.Paid is null ? 0 : row.Total,
            (row.Paid ?? 0) - refunds.Sum());
    }

    /// <summary>Only payments that were too small may be parked, and those that were are, unless they were enough in the end.</summary>
    private async Task CheckDeadLettersAsync(List<Row> rows)
    {
        var parked = await shop.RowsAsync(
            """
            SELECT coalesce(headers ->> 'ce_id', ''), coalesce(headers ->> 'ce_type', ''), coalesce(key, ''), error
            FROM parked_messages
            WHERE key = ANY ($1::text[]) AND next_attempt_at IS NULL
            """,
            row => (Id: row.GetString(0), Type: row.GetString(1), Key: row.GetString(2), Error: row.GetString(3)),
            ledger.Orders.Select(order => order.Id).ToArray());
        var tooSmall = ledger.Events.Where(e => e.Deed == Deed.PayTooLittle).ToLookup(e => e.Id);
        foreach (var message in parked.Where(message => !tooSmall.Contains(message.Id)))
        {
            _findings.Add($"{message.Type} of order {message.Key} is parked: {message.Error}");
        }

        var (pending, isParked) = (
            rows.Where(row => row is { Paid: null, Status: "PENDING" }).Select(row => row.Id).ToHashSet(), parked.Select(message => message.Id).ToHashSet());
        foreach (var payment in tooSmall.SelectMany(e => e).Where(e => pending.Contains(e.Order.Id)))
        {
            Check(isParked.Contains(payment.Id), $"A payment of {payment.Amount} for {payment.Order} is nowhere.");
        }
    }

    /// <summary>Every piece is in stock, reserved by a pending order, or sold to another one.</summary>
    private async Task CheckStockAsync(List<Row> rows)
    {
        foreach (var shelf in ledger.Shelves)
        {
            var product = await shop.ProductAsync(shelf.Id);
            Same($"Stock and sold pieces of {shelf.Letter}", shelf.Stock, Number("stock") + Number("sold"));
            Same(
                $"Reserved pieces of {shelf.Letter} and those of PENDING orders",
                PiecesIn("PENDING") + ledger.Orphaned.GetValueOrDefault(shelf.Id),
                Number("reserved"));
            Same($"Sold pieces of {shelf.Letter} and those of paid orders", Life.Skip(1).Sum(PiecesIn), Number("sold"));
            Same($"Available pieces of {shelf.Letter}", Number("stock") - Number("reserved"), Number("available"));
            Check(Number("available") >= 0, $"{Number("available")} pieces of {shelf.Letter} are available.");

            int Number(string name) => product.GetProperty(name).GetInt32();

            int PiecesIn(string status) => rows.Where(row => row.Status == status).SelectMany(row => row.Lines)
                .Where(line => line.Product == shelf.Id).Sum(line => line.Quantity);
        }
    }

    /// <summary>Carts hold what was put in and not ordered.</summary>
    private async Task CheckCartsAsync()
    {
        foreach (var customer in ledger.Customers)
        {
            var name = ledger.NameOf(customer);
            var cart = (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body;
            SameAll(
                $"Cart of {name}",
                Pieces(ledger.Carts.Where(line => line.Key.Item1 == customer).Select(line => (line.Key.Item2, line.Value))),
                Pieces(PlacedOrder.LinesOf(cart).Select(line => (line.Key, line.Value))));
            Same(
                $"Total of the cart of {name}",
                cart.GetProperty("items").EnumerateArray()
                    .Sum(item => item.GetProperty("quantity").GetInt32() * item.GetProperty("unitPrice").GetDecimal()),
                cart.GetProperty("total").GetDecimal());
        }
    }

    private static string? StatusIn(SeenEvent told) => told.Name == "placed" ? "PENDING" : Text(told.Body, "status");

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;

    private void Check(bool holds, string finding)
    {
        if (!holds)
        {
            lock (_findings)
            {
                _findings.Add(finding);
            }
        }
    }

    private void Same<T>(string what, T expected, T actual) =>
        Check(EqualityComparer<T>.Default.Equals(expected, actual), $"{what}: {actual}, not {expected}.");

    private void SameAll<T>(string what, IEnumerable<T> expected, IEnumerable<T> actual) =>
        Same(what, $"[{string.Join(", ", expected)}]", $"[{string.Join(", ", actual)}]");

    private IEnumerable<string> Pieces(IEnumerable<(string Product, int Pieces)> lines) =>
        from shelf in ledger.Shelves
        join line in lines on shelf.Id equals line.Product
        where line.Pieces != 0
        select $"{line.Pieces} {shelf.Letter}";

    /// <summary>All orders that contain a product of the story, whether anybody was told of them or not.</summary>
    private async Task<List<Row>> ReadRowsAsync()
    {
        var lines = await shop.RowsAsync(
            """
            SELECT o.id, o.status, o.total_amount, o.paid_amount, o.refund_amount, o.last_sequence,
                   i.product_id, i.quantity, i.unit_price, i.total_price
            FROM orders o JOIN order_items i ON i.order_id = o.id
            WHERE o.id IN (SELECT order_id FROM order_items WHERE product_id = ANY ($1))
            ORDER BY i.line
            """,
            row => (
                Order: (
                    Id: row.GetGuid(0),
                    Status: row.GetString(1),
                    Total: row.GetDecimal(2),
                    Paid: row.IsDBNull(3) ? (decimal?)null : row.GetDecimal(3),
                    Refund: row.GetDecimal(4),
                    LastSequence: row.GetInt32(5)),
                Line: new RowLine(row.GetString(6), row.GetInt32(7), row.GetDecimal(8), row.GetDecimal(9))),
            ledger.Shelves.Select(shelf => shelf.Id).ToArray());
        return [.. lines.GroupBy(line => line.Order, line => line.Line)
            .Select(order => new Row(
                order.Key.Id, order.Key.Status, order.Key.Total, order.Key.Paid, order.Key.Refund, order.Key.LastSequence, [.. order]))];
    }

    /// <summary>An order as PostgreSQL has it.</summary>
    private sealed record Row(
        Guid Id, string Status, decimal Total, decimal? Paid, decimal Refund, int LastSequence, IReadOnlyList<RowLine> Lines);

    /// <summary>A line of it.</summary>
    private sealed record RowLine(string Product, int Quantity, decimal UnitPrice, decimal Total);
}
