using System.Net;
using System.Net.Http.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

[Collection(OneShop.Name)]
public sealed class OrderTests(ShopFixture shop)
{
    [Fact]
    public async Task An_order_reads_as_it_was_placed()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 7.77m, name: "Kettle");

        var placed = (await customer.SendAsync(HttpMethod.Post, "/api/orders", new
        {
            items = new[] { new { productId = product, quantity = 3 } },
            shippingAddress = "  Straße 1, Köln ",
            notes = "Ring twice 🔔",
        })).Is(HttpStatusCode.Created);
        var read = (await customer.GetAsync(placed.Response.Headers.Location!.ToString())).Is(HttpStatusCode.OK);

        Assert.Equal(placed.Body.ToString(), read.Body.ToString());
        Assert.Equal(placed.ETag, read.ETag);
        Assert.Equal(customer.UserId, read.Body.GetProperty("userId").GetGuid());
        Assert.Equal((23.31m, "EUR", "Ring twice 🔔"), (
            read.Body.GetProperty("totalAmount").GetDecimal(),
            read.Body.GetProperty("currency").GetString(),
            read.Body.GetProperty("notes").GetString()));
        Assert.Equal(7, read.Id.Version);
    }

    [Fact]
    public async Task Whoever_has_the_order_or_its_history_already_gets_a_304()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        foreach (var suffix in new[] { "", "/history" })
        {
            var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
            var address = $"/api/orders/{order}{suffix}";
            var tag = (await customer.GetAsync(address)).Is(HttpStatusCode.OK).ETag!;
            Assert.Matches("^\"[^\"]+\"$", tag);
            foreach (var known in new[] { tag, $"W/{tag}", "*", $"\"other\", {tag}", $"\"a\",W/\"b\" , W/{tag}" })
            {
                var answer = (await customer.GetAsync(address, ("If-None-Match", known))).Is(HttpStatusCode.NotModified);
                Assert.Equal(tag, answer.ETag);
                Assert.Empty(await answer.Response.Content.ReadAsByteArrayAsync());
            }

            foreach (var other in new[] { "\"other\"", "W/\"other\"", "\"\"", tag.Trim('"'), "" })
            {
                (await customer.GetAsync(address, ("If-None-Match", other))).Is(HttpStatusCode.OK);
            }

            await customer.CancelAsync(order);
            Assert.NotEqual(tag, (await customer.GetAsync(address, ("If-None-Match", tag))).Is(HttpStatusCode.OK).ETag);
        }
    }

    [Fact]
    public async Task Cancelling_frees_the_stock_and_a_repeat_changes_nothing()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 3);
        var order = (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created).Id;
        Assert.Equal(0, (await shop.ProductAsync(product)).GetProperty("available").GetInt32());

        var cancelled = (await customer.CancelAsync(order, "Changed my mind")).Is(HttpStatusCode.OK);
        var again = (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);

        Assert.Equal(("CANCELLED", "CANCELLED"), (cancelled.OrderStatus, again.OrderStatus));
        Assert.Equal(cancelled.ETag, again.ETag);
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("available").GetInt32() == 3, "the stock being free");
        var events = await shop.Events.WaitAsync(order, 2);
        Assert.Equal(["placed", "cancelled"], events.Select(e => e.Name));
        Assert.Equal("Changed my mind", events[1].Body.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Cancelling_another_version_than_the_one_that_was_seen_is_refused_and_changes_nothing()
    {
        var customer = shop.NewCustomer();
        var placed = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created);
        var path = $"/api/orders/{placed.Id}/cancel";

        foreach (var stale in new[] { "\"2\"", "W/\"1\"", "\"x\"", "\"2\", \"3\"" })
        {
            (await customer.SendAsync(HttpMethod.Put, path, null, ("If-Match", stale))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        }

        Assert.Equal("PENDING", (await customer.GetAsync($"/api/orders/{placed.Id}")).OrderStatus);
        (await customer.SendAsync(HttpMethod.Put, path, null, ("If-Match", $"\"7\", {placed.ETag}"))).Is(HttpStatusCode.OK);
        (await customer.SendAsync(HttpMethod.Put, path, null, ("If-Match", "*"))).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_order_on_its_way_cannot_be_cancelled()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await customer.WaitAsync(order, "CONFIRMED");
        await shop.Publisher.FulfilledAsync("picked", order);
        await customer.WaitAsync(order, "PROCESSING");

        (await customer.CancelAsync(order)).IsProblem(HttpStatusCode.Conflict, "order-not-cancellable");

        Assert.Equal("PROCESSING", (await customer.GetAsync($"/api/orders/{order}")).OrderStatus);
    }

    [Fact]
    public async Task Too_little_stock_is_refused_with_every_short_line_and_nothing_is_reserved()
    {
        var customer = shop.NewCustomer();
        var (enough, shortA, shortB) = (await shop.NewProductAsync(stock: 10), await shop.NewProductAsync(stock: 1), await shop.NewProductAsync(stock: 0));

        var refused = (await customer.SendAsync(HttpMethod.Post, "/api/orders", new
        {
            // Two lines of one product count as one demand.
            items = new[] { Line(enough, 1), Line(shortA, 1), Line(shortB, 2), Line(shortA, 1) },
            shippingAddress = Customer.Address,
        })).IsProblem(HttpStatusCode.Conflict, "insufficient-stock");

        Assert.Equal(
            new[] { (shortA, 2, 1), (shortB, 2, 0) }.Order(),
            refused.Body.GetProperty("shortages").EnumerateArray()
                .Select(line => (line.GetProperty("productId").GetString()!, line.GetProperty("requested").GetInt32(), line.GetProperty("available").GetInt32()))
                .Order());
        Assert.Equal(10, (await shop.ProductAsync(enough)).GetProperty("available").GetInt32());
        Assert.Equal(0, (await customer.GetAsync("/api/orders")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_price_that_changed_since_the_cart_is_shown_before_it_is_paid()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 10.00m, stock: 9);
        await customer.AddAsync(product, 2);
        await shop.PutProductAsync(product, 11.50m, 9);

        var refused = (await customer.CheckoutAsync()).IsProblem(HttpStatusCode.Conflict, "price-changed");

        var change = Assert.Single(refused.Body.GetProperty("changes").EnumerateArray());
        Assert.Equal((product, 10.00m, 11.50m), (change.GetProperty("productId").GetString(), change.GetProperty("was").GetDecimal(), change.GetProperty("now").GetDecimal()));
        Assert.Equal(9, (await shop.ProductAsync(product)).GetProperty("available").GetInt32());
        Assert.Equal(23.00m, (await customer.GetAsync("/api/cart")).Body.GetProperty("total").GetDecimal());
        Assert.Equal(23.00m, (await customer.CheckoutAsync()).Is(HttpStatusCode.Created).Body.GetProperty("totalAmount").GetDecimal());
    }

    [Fact]
    public async Task A_customer_who_is_not_there_or_not_enabled_may_not_order()
    {
        var product = await shop.NewProductAsync(stock: 1);
        var unknown = new Customer(shop.Api, Guid.NewGuid());
        var disabled = new Customer(shop.Api, Guid.NewGuid());
        (await shop.Users.PutAsJsonAsync($"/api/users/{disabled.UserId}", new { username = "locked", email = "locked@example.com", enabled = false })).EnsureSuccessStatusCode();

        (await unknown.OrderAsync(product, 1)).IsProblem(HttpStatusCode.Forbidden, "customer-not-allowed");
        (await disabled.OrderAsync(product, 1)).IsProblem(HttpStatusCode.Forbidden, "customer-not-allowed");

        Assert.Equal(1, (await shop.ProductAsync(product)).GetProperty("available").GetInt32());
    }

    [Fact]
    public async Task A_customer_who_is_disabled_may_not_order_any_more_half_a_minute_later()
    {
        var customer = new Customer(shop.Api, Guid.NewGuid());
        var product = await shop.NewProductAsync(stock: 100_000);
        await EnableAsync(true);
        (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);

        await EnableAsync(false);

        var refused = await Eventually.SeeAsync(() => customer.OrderAsync(product, 1), answer => answer.Status != HttpStatusCode.Created, "the customer being refused");
        refused.IsProblem(HttpStatusCode.Forbidden, "customer-not-allowed");

        async Task EnableAsync(bool enabled) => (await shop.Users.PutAsJsonAsync(
            $"/api/users/{customer.UserId}", new { username = "sometimes", email = "sometimes@example.com", enabled })).EnsureSuccessStatusCode();
    }

    [Fact]
    public async Task An_order_that_the_database_refuses_gives_its_stock_and_its_key_back_and_the_answer_tells_nothing_of_the_database()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 2);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        await shop.ScalarAsync<long>(
            $"""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''secret of the database''; END';
            CREATE TRIGGER refuse BEFORE INSERT ON orders FOR EACH ROW WHEN (NEW.user_id = '{customer.UserId}') EXECUTE FUNCTION refuse();
            """);
        try
        {
            var failed = (await customer.OrderAsync(product, 2, key)).IsProblem(HttpStatusCode.InternalServerError, "internal-server-error");

            Assert.DoesNotContain("secret", failed.Body.ToString(), StringComparison.Ordinal);
            Assert.DoesNotContain("Exception", failed.Body.ToString(), StringComparison.Ordinal);
            Assert.Equal(2, (await shop.ProductAsync(product)).GetProperty("available").GetInt32());
        }
        finally
        {
            await shop.ScalarAsync<long>("DROP TRIGGER refuse ON orders; DROP FUNCTION refuse();");
        }

        (await customer.OrderAsync(product, 2, key)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task An_empty_cart_cannot_be_checked_out() =>
        (await shop.NewCustomer().CheckoutAsync()).IsProblem(HttpStatusCode.Conflict, "cart-empty");

    [Fact]
    public async Task Eight_checkouts_of_one_cart_at_once_make_one_order()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 100);
        await customer.AddAsync(product, 2);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => customer.CheckoutAsync()));

        Assert.All(answers, answer => Assert.True(
            answer.Status == HttpStatusCode.Created || answer.ProblemType == "urn:cloudforge:problem:cart-empty", answer.ToString()));
        Assert.Single(answers.Where(answer => answer.Status == HttpStatusCode.Created).Select(answer => answer.Id).Distinct());
        Assert.Single((await customer.GetAsync("/api/orders")).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(0, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("reserved").GetInt32() == 2, "only the order's stock being reserved");
    }

    [Fact]
    public async Task What_is_added_while_checkouts_run_is_neither_lost_nor_sold_twice()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 1_000);
        await customer.AddAsync(product, 1);

        var adds = Enumerable.Range(0, 30).Select(_ => customer.AddAsync(product, 1));
        var checkouts = Enumerable.Range(0, 10).Select(_ => customer.CheckoutAsync());
        var answers = await Task.WhenAll(adds.Concat(checkouts));

        Assert.All(answers, answer => Assert.True(
            answer.Status is HttpStatusCode.OK or HttpStatusCode.Created || answer.ProblemType == "urn:cloudforge:problem:cart-empty", answer.ToString()));
        var ordered = await shop.ScalarAsync<long>(
            "SELECT coalesce(sum(quantity), 0) FROM order_items JOIN orders ON orders.id = order_id WHERE user_id = $1",
            customer.UserId);
        var left = (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32();
        Assert.Equal(31, ordered + left);
    }

    private static object Line(string productId, int quantity) => new { productId, quantity };
}
