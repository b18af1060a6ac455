using System.Net;
using Npgsql;
using OrderService.Tests.Books;
using OrderService.Tests.Shop;
using Xunit.Abstractions;

namespace OrderService.Tests.Chaos;

/// <summary>Who guards the guards: books that balance are falsified in each way that the audit is there for, and it has to name it.</summary>
[Collection(OneChaos.Name)]
public sealed class AuditTests(ChaosShop shop, ITestOutputHelper output)
{
    private readonly Report _report = new(output);

    [Fact]
    public async Task The_audit_names_every_kind_of_wrong()
    {
        var reservations = new ReservationLog();
        var (api, worker) = (shop.NewApi("api", reservations), shop.NewWorker("worker"));
        try
        {
            await Task.WhenAll(api.StartAsync(), worker.StartAsync());
            shop.Open([api]);
            var ledger = await shop.NewLedgerAsync([shop.Customer(999)], [100, 100, 100]);
            var shopper = new Shopper(shop, ledger, ledger.Customers[0], new Random(1), new Figures());
            await shopper.ShopOnceAsync();
            var paid = (await shopper.OrderAsync())!.Value;
            await shopper.PublishAsync(new SentEvent(paid.Order, Deed.Pay, paid.Total, Guid.NewGuid().ToString()));
            await Round.WaitUntilQuietAsync(shop);

            await FalsifyAsync(ledger, paid.Order);

            async Task<IReadOnlyList<string>> FindAsync()
            {
                ledger.Orphaned.Clear();
                return await new ChaosAudit(shop, ledger, reservations, [api]).FindAsync();
            }

            async Task FalsifyAsync(Ledger books, PlacedOrder order)
            {
                Assert.Empty(await FindAsync());
                var lost = new PlacedOrder(Guid.CreateVersion7(), 99, order.Customer, order.Placed);
                await NamesOneAsync("is not in PostgreSQL", () => books.Orders.Add(lost), () => books.Orders.Remove(lost));
                await NamesOneAsync("and no answer told so", () => books.Orders.Remove(order), () => books.Orders.Add(order));
                var key = books.Keys.First(key => key.Value == order);
                await NamesOneAsync("is stored with order", () => books.Keys[key.Key] = books.Orders[0], () => books.Keys[key.Key] = order);
                await NamesOneAsync(
                    "is stored 0 times", () => books.Keys[(order.Customer.UserId, "unheard-of")] = order, () => books.Keys.Remove((order.Customer.UserId, "unheard-of")));
                await SqlNamesAsync(
                    "Sequences of", "UPDATE orders SET last_sequence = last_sequence - 1 WHERE id = $1", "UPDATE orders SET last_sequence = last_sequence + 1 WHERE id = $1");
                await SqlNamesAsync(
                    "in the inbox 0 times", "UPDATE inbox_messages SET event_id = event_id || 'x' WHERE order_id = $1", "UPDATE inbox_messages SET event_id = rtrim(event_id, 'x') WHERE order_id = $1");
                await SqlNamesAsync(
                    "and nobody published it",
                    "INSERT INTO inbox_messages (order_id, event_id, source, consumer, handled_at) VALUES ($1, 'forged', '/forger', 'orders', now())",
                    "DELETE FROM inbox_messages WHERE order_id = $1 AND event_id = 'forged'");
                await SqlNamesAsync(
                    "became CONFIRMED 2 times",
                    "INSERT INTO order_history (order_id, sequence, from_status, to_status, at, reason, by) VALUES ($1, 99, 'PENDING', 'CONFIRMED', now(), 'again', 'payment')",
                    "DELETE FROM order_history WHERE order_id = $1 AND sequence = 99");
                await SqlNamesAsync(
                    "Still owed or held: outbox",
                    """
                    INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at, parked_at)
                    VALUES (gen_random_uuid(), $1, 0, 'EVENTS', 99, 'io.cloudforge.order.placed.v1', '{}', now(), now())
                    """,
                    "DELETE FROM outbox_messages WHERE order_id = $1");
                await SqlNamesAsync(
                    "is parked: forged",
                    """
                    INSERT INTO parked_messages (id, topic, key, headers, payload, error, attempts, failed_at)
                    VALUES (gen_random_uuid(), 'cloudforge.payments', $1::text, '{"ce_type":"forged"}', '', 'forged', 1, now())
                    """,
                    "DELETE FROM parked_messages WHERE key = $1::text");
                await SqlNamesAsync("State of", "UPDATE orders SET status = 'SHIPPED' WHERE id = $1", "UPDATE orders SET status = 'CONFIRMED' WHERE id = $1");
                await SqlNamesAsync(
                    "and nothing told so", "UPDATE orders SET status = 'CANCELLED' WHERE id = $1", "UPDATE orders SET status = 'CONFIRMED' WHERE id = $1");
                await SqlNamesAsync(
                    "the sum of its lines", "UPDATE orders SET total_amount = total_amount + 1 WHERE id = $1", "UPDATE orders SET total_amount = total_amount - 1 WHERE id = $1");

                var shelf = books.Shelves[0];
                var stock = (await shop.ProductAsync(shelf.Id)).GetProperty("stock").GetInt32();
                await NamesAsync("Stock and sold pieces", () => shop.PutProductAsync(shelf.Id, shelf.Prices[0], stock + 1), () => shop.PutProductAsync(shelf.Id, shelf.Prices[0], stock));
                var reservation = Guid.CreateVersion7();
                await NamesAsync(
                    "Reserved pieces",
                    async () => (await shop.Products.PutAsync($"/api/reservations/{reservation}", Json(
                        $$"""{"items":[{"productId":"{{shelf.Id}}","quantity":1}],"expiresAt":"2099-01-01T00:00:00Z"}"""))).EnsureSuccessStatusCode(),
                    () => shop.Products.DeleteAsync($"/api/reservations/{reservation}"));
                await NamesAsync(
                    "Cart of",
                    () => order.Customer.AddAsync(shelf.Id, 1),
                    () => order.Customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{shelf.Id}", null));
                await HeldSessionIsNamedAsync();

                // The last one, since Kafka takes nothing back: the next event of the order, without the one before it.
                var last = shop.Events.Of(order.Id)[^1];
                await shop.Publisher.SendAsync("cloudforge.orders", order.Id.ToString(), System.Text.Encoding.UTF8.GetBytes(last.Body.ToString()), new(last.Headers!)
                {
                    ["ce_id"] = Guid.CreateVersion7().ToString(),
                    ["ce_sequence"] = $"{last.Sequence + 2}",
                });
                await shop.Events.WaitAsync(order.Id, last.Sequence + 1);
                await NamesAsync("Sequences of", () => Task.CompletedTask, () => Task.CompletedTask);

                Task NamesOneAsync(string finding, Action falsify, Action restore) => NamesAsync(finding, Done(falsify), Done(restore));

                Task SqlNamesAsync(string finding, string falsify, string restore) =>
                    NamesAsync(finding, () => shop.ScalarAsync<long>(falsify, order.Id), () => shop.ScalarAsync<long>(restore, order.Id));
            }

            async Task HeldSessionIsNamedAsync()
            {
                // No session of ours can stand still for so long, but one that works can.
                await using var session = await shop.Database.OpenConnectionAsync();
                await using var transaction = await session.BeginTransactionAsync();
                await using var hold = new NpgsqlCommand("SELECT 1", session, transaction);
                await hold.ExecuteScalarAsync();
                await Eventually.SeeAsync(FindAsync, seen => seen.Any(finding => finding.Contains("session: ", StringComparison.Ordinal)), "the session being named");
                _report.Tell("Named: session");
            }

            async Task NamesAsync(string finding, Func<Task> falsify, Func<Task> restore)
            {
                await falsify();
                var findings = await FindAsync();
                await restore();
                Assert.Contains(findings, found => found.Contains(finding, StringComparison.Ordinal));
                _report.Tell($"Named: {findings.First(found => found.Contains(finding, StringComparison.Ordinal))}");
            }
        }
        finally
        {
            api.End();
            worker.End();
        }
    }

    [Fact]
    public async Task What_was_cancelled_before_its_cart_was_told_may_be_ordered_anew_and_nothing_else()
    {
        var api = shop.NewApi("api");
        try
        {
            await api.StartAsync();
            shop.Open([api]);
            var ledger = await shop.NewLedgerAsync([shop.Customer(998)], [100, 100, 100]);
            var customer = ledger.Customers[0];
            var shopper = new Shopper(shop, ledger, customer, new Random(1), new Figures());
            var kept = await OrderAndForgetAsync();
            await shop.ScalarAsync<int>("UPDATE orders SET checkout_id = gen_random_uuid() WHERE id = $1", kept.Id);
            await shopper.CheckOutAsync();

            Assert.Equal(-5, ledger.Carts[(customer, ledger.Shelves[0].Id)]);
            ledger.Carts.Clear();

            await customer.CancelAsync((await OrderAndForgetAsync()).Id);
            await shopper.CheckOutAsync();

            Assert.All(ledger.Carts, line => Assert.Equal(0, line.Value));

            // Five pieces and more are ordered; then Redis comes back as it was with the five, as if it had been killed.
            async Task<PlacedOrder> OrderAndForgetAsync()
            {
                await customer.AddAsync(ledger.Shelves[0].Id, 5);
                ledger.Count(customer, ledger.Shelves[0].Id, 5);
                var cart = (await shop.Redis.KeyDumpAsync(customer.CartKey))!;
                var ordered = (await shopper.CheckOutAsync())!.Value.Order;
                await shop.Redis.KeyDeleteAsync(customer.CartKey);
                await shop.Redis.KeyRestoreAsync(customer.CartKey, cart);
                return ordered;
            }
        }
        finally
        {
            api.End();
        }
    }

    [Fact]
    public async Task A_customer_finds_what_no_answer_may_be()
    {
        using var http = new HttpClient(new Answers(
            () => new(HttpStatusCode.InternalServerError),
            () => throw new TaskCanceledException("too long"),
            () => throw new HttpRequestException("away"),
            () => new(HttpStatusCode.ServiceUnavailable),
            () => new(HttpStatusCode.NotFound),
            () => new(HttpStatusCode.OK),
            () => new(HttpStatusCode.OK))) { BaseAddress = new Uri("http://api") };
        var customer = new Customer(http, Guid.NewGuid());
        var ledger = new Ledger([customer], []);

        await new Shopper(shop, ledger, customer, new Random(1), new Figures()).ReadAsync(new PlacedOrder(Guid.NewGuid(), 0, customer, new Dictionary<string, int>()));

        Assert.Collection(
            ledger.Findings,
            finding => Assert.Contains("InternalServerError", finding, StringComparison.Ordinal),
            finding => Assert.Contains("got no answer at all", finding, StringComparison.Ordinal),
            finding => Assert.Contains("NotFound", finding, StringComparison.Ordinal));
    }

    private static Func<Task> Done(Action action) => () =>
    {
        action();
        return Task.CompletedTask;
    };

    private static StringContent Json(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    /// <summary>An API that answers so, one after another.</summary>
    private sealed class Answers(params Func<HttpResponseMessage>[] answers) : HttpMessageHandler
    {
        private int _next = -1;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.Run(() => answers[++_next](), cancellationToken);
    }
}
