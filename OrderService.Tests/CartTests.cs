using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

[Collection(OneShop.Name)]
public sealed class CartTests(ShopFixture shop)
{
    private const string TooLong = "01234567890123456789012345678901234567890123456789012345678901234";

    [Fact]
    public async Task An_unknown_cart_is_an_empty_cart()
    {
        var customer = shop.NewCustomer();

        var cart = (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK);

        Assert.Equal(customer.UserId, cart.Body.GetProperty("userId").GetGuid());
        Assert.Equal(0, cart.Body.GetProperty("items").GetArrayLength());
        Assert.Equal("0.00", cart.Body.GetProperty("total").GetRawText());
        Assert.Equal(0, cart.Body.GetProperty("itemCount").GetInt32());
        Assert.Equal(3, cart.Body.GetProperty("currency").GetString()!.Length);
        Assert.NotNull(cart.ETag);
    }

    [Fact]
    public async Task Adding_sums_up_and_name_and_price_are_the_product_services()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 12.34m, name: "Teapot");
        await customer.AddAsync(product, 2);

        var cart = (await customer.SendAsync(
            HttpMethod.Post, "/api/cart/items", new { productId = product, quantity = 3, unitPrice = 0.01, productName = "Mine" })).Is(HttpStatusCode.OK).Body;

        var item = Assert.Single(cart.GetProperty("items").EnumerateArray());
        Assert.Equal(("Teapot", 5, 12.34m, 61.70m), (
            item.GetProperty("productName").GetString(),
            item.GetProperty("quantity").GetInt32(),
            item.GetProperty("unitPrice").GetDecimal(),
            item.GetProperty("totalPrice").GetDecimal()));
    }

    [Fact]
    public async Task Items_stay_in_the_order_in_which_they_were_added()
    {
        var customer = shop.NewCustomer();
        var added = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            added.Add(await shop.NewProductAsync());
            await customer.AddAsync(added[^1], 1);
        }

        await customer.AddAsync(added[3], 1);

        Assert.Equal(added, ProductsOf((await customer.GetAsync("/api/cart")).Body));
    }

    [Fact]
    public async Task A_quantity_can_be_set_and_zero_removes()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        await customer.AddAsync(product, 2);

        var set = (await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 7 })).Is(HttpStatusCode.OK);
        Assert.Equal(7, set.Body.GetProperty("itemCount").GetInt32());

        var removed = (await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 0 })).Is(HttpStatusCode.OK);
        Assert.Equal(0, removed.Body.GetProperty("items").GetArrayLength());

        (await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 1 })).IsProblem(HttpStatusCode.NotFound, "cart-item-not-found");
    }

    [Fact]
    public async Task Removing_is_idempotent_and_clearing_empties()
    {
        var customer = shop.NewCustomer();
        var (kept, gone) = (await shop.NewProductAsync(), await shop.NewProductAsync());
        await customer.AddAsync(kept, 1);
        await customer.AddAsync(gone, 1);

        for (var i = 0; i < 2; i++)
        {
            var cart = (await customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{gone}", null)).Is(HttpStatusCode.OK);
            Assert.Equal([kept], ProductsOf(cart.Body));
        }

        (await customer.SendAsync(HttpMethod.Delete, "/api/cart", null)).Is(HttpStatusCode.NoContent);
        Assert.Empty(ProductsOf((await customer.GetAsync("/api/cart")).Body));
    }

    [Fact]
    public async Task A_stale_entity_tag_is_refused_and_changes_nothing()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var stale = (await customer.AddAsync(product, 1)).ETag!;
        var current = (await customer.AddAsync(product, 1)).ETag!;
        Assert.NotEqual(stale, current);

        (await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 9 }, ("If-Match", stale)))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        (await customer.SendAsync(HttpMethod.Delete, "/api/cart", null, ("If-Match", stale)))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");

        var cart = await customer.GetAsync("/api/cart");
        Assert.Equal((2, current), (cart.Body.GetProperty("itemCount").GetInt32(), cart.ETag));
        (await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 9 }, ("If-Match", current))).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_stale_entity_tag_keeps_products_from_being_added_and_removed()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var stale = (await customer.AddAsync(product, 1)).ETag!;
        var current = (await customer.AddAsync(product, 1, ("If-Match", stale))).Is(HttpStatusCode.OK).ETag!;

        (await customer.AddAsync(product, 1, ("If-Match", stale))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        (await customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{product}", null, ("If-Match", stale)))
            .IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");

        Assert.Equal(2, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
        Assert.Empty(ProductsOf((await customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{product}", null, ("If-Match", current))).Is(HttpStatusCode.OK).Body));
    }

    [Fact]
    public async Task A_checkout_orders_no_other_cart_than_the_one_that_was_seen()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var stale = (await customer.AddAsync(product, 1)).ETag!;
        var current = (await customer.AddAsync(product, 1)).ETag!;

        (await customer.CheckoutAsync(("If-Match", stale))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        var placed = (await customer.CheckoutAsync(("If-Match", current))).Is(HttpStatusCode.Created);

        Assert.Equal(2, placed.Body.GetProperty("items")[0].GetProperty("quantity").GetInt32());
        Assert.Equal(1, (await customer.GetAsync("/api/orders")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task A_cart_that_the_client_has_already_is_not_sent_again()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var tag = (await customer.AddAsync(product, 1)).ETag!;

        var same = (await customer.GetAsync("/api/cart", ("If-None-Match", tag))).Is(HttpStatusCode.NotModified);
        await customer.AddAsync(product, 1);
        var other = (await customer.GetAsync("/api/cart", ("If-None-Match", tag))).Is(HttpStatusCode.OK);

        Assert.Equal(tag, same.ETag);
        Assert.Equal(2, other.Body.GetProperty("itemCount").GetInt32());
    }

    [Fact]
    public async Task A_cart_takes_a_hundred_products_and_no_more()
    {
        var customer = shop.NewCustomer();

        var answers = await Task.WhenAll(Enumerable.Range(1, 110).Select(i => customer.AddAsync($"P-{i:0000}", 1)));

        Assert.Equal(100, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer =>
            Assert.True(answer.IsProblem(HttpStatusCode.BadRequest, "validation").Body.GetProperty("errors").TryGetProperty("productId", out _)));
        var held = ProductsOf((await customer.GetAsync("/api/cart")).Body).ToList();
        Assert.Equal(100, held.Count);
        (await customer.AddAsync(held[0]!, 1)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task A_line_takes_a_thousand_pieces_and_no_more()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => customer.AddAsync(product, 240)));

        Assert.Equal(4, answers.Count(answer => answer.Status == HttpStatusCode.OK));
        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.OK), answer =>
            Assert.True(answer.IsProblem(HttpStatusCode.BadRequest, "validation").Body.GetProperty("errors").TryGetProperty("quantity", out _)));
        (await customer.AddAsync(product, 40)).Is(HttpStatusCode.OK);
        Assert.Equal(1_000, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
    }

    [Theory]
    [InlineData("with%20blank")]
    [InlineData("line%0Abreak")]
    [InlineData("%7F")]
    [InlineData("-")]
    [InlineData("..x")]
    [InlineData("..%2F..%2Forders")]
    [InlineData("%F0%9F%92%A5")]
    [InlineData(TooLong)]
    public async Task What_is_no_id_of_a_product_is_refused_in_an_address_as_in_a_body(string productId)
    {
        var customer = shop.NewCustomer();
        var path = $"/api/cart/items/{productId}";

        var answers = new[]
        {
            await customer.AddAsync(Uri.UnescapeDataString(productId), 1),
            await customer.SendAsync(HttpMethod.Put, path, new { quantity = 1 }),
            await customer.SendAsync(HttpMethod.Delete, path, null),
        };

        Assert.All(answers, answer =>
            Assert.True(answer.IsProblem(HttpStatusCode.BadRequest, "validation").Body.GetProperty("errors").TryGetProperty("productId", out _)));
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("..")]
    [InlineData("%2e%2e")]
    [InlineData("%00")]
    [InlineData("x/../..")]
    public async Task Ids_that_are_another_address_change_nothing(string productId)
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        await customer.AddAsync(product, 2);
        var asItIs = new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true };

        foreach (var method in new[] { HttpMethod.Put, HttpMethod.Delete })
        {
            foreach (var address in new[] { new Uri($"{shop.Api.BaseAddress}api/cart/items/{productId}", asItIs), new Uri(shop.Api.BaseAddress!, $"api/cart/items/{productId}") })
            {
                using var request = new HttpRequestMessage(method, address);
                request.Headers.Add("X-User-Id", customer.UserId.ToString());
                request.Content = method == HttpMethod.Put ? System.Net.Http.Json.JsonContent.Create(new { quantity = 1 }) : null;
                using var answer = await shop.Api.SendAsync(request);
                Assert.InRange((int)answer.StatusCode, 400, 499);
            }
        }

        Assert.Equal(2, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
    }

    [Fact]
    public async Task A_cart_lives_for_seven_days_after_its_last_use()
    {
        var product = await shop.NewProductAsync();
        foreach (var owner in new[] { shop.NewCustomer(), shop.NewGuest() })
        {
            Func<Task<Answer>>[] uses =
            [
                () => owner.AddAsync(product, 1),
                () => owner.GetAsync("/api/cart"),
                () => owner.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = 5 }),
                () => owner.SendAsync(HttpMethod.Delete, "/api/cart/items/P-0001", null),
                () => owner.SendAsync(HttpMethod.Delete, "/api/cart", null),
            ];
            foreach (var use in uses)
            {
                await shop.Redis.KeyExpireAsync(owner.CartKey, TimeSpan.FromMinutes(5));
                Assert.InRange((int)(await use()).Status, 200, 299);
                Assert.InRange((await shop.Redis.KeyTimeToLiveAsync(owner.CartKey))!.Value, TimeSpan.FromDays(6.9), TimeSpan.FromDays(7));
            }
        }
    }

    [Fact]
    public async Task What_is_put_into_the_cart_while_it_is_checked_out_stays_there()
    {
        var customer = shop.NewCustomer();
        var (ordered, later) = (await shop.NewProductAsync(), await shop.NewProductAsync());
        await customer.AddAsync(ordered, 2);
        await shop.Redis.KeyExpireAsync(customer.CartKey, TimeSpan.FromMinutes(5));

        var users = shop.ProcessOf(ResourceNames.Users);
        Task<Answer> checkout;
        ProcessTree.Pause(users);
        try
        {
            checkout = customer.CheckoutAsync();
            await Eventually.SeeAsync(() => shop.Redis.KeyTimeToLiveAsync(customer.CartKey), left => left > TimeSpan.FromDays(1), "the checkout having read the cart");
            await customer.AddAsync(ordered, 3);
            await customer.AddAsync(later, 1);
        }
        finally
        {
            ProcessTree.Resume(users);
        }

        Assert.Equal(20.00m, (await checkout).Is(HttpStatusCode.Created).Body.GetProperty("totalAmount").GetDecimal());
        var left = (await customer.GetAsync("/api/cart")).Body.GetProperty("items").EnumerateArray()
            .Select(item => (item.GetProperty("productId").GetString(), item.GetProperty("quantity").GetInt32()));
        Assert.Equal([(ordered, 3), (later, 1)], left);
    }

    [Fact]
    public async Task A_product_that_does_not_exist_cannot_be_added() =>
        (await shop.NewCustomer().AddAsync("no-such-product", 1)).IsProblem(HttpStatusCode.NotFound, "product-not-found");

    [Fact]
    public async Task A_hundred_adds_at_once_count_a_hundred()
    {
        var customer = shop.NewCustomer();
        var products = new[] { await shop.NewProductAsync(), await shop.NewProductAsync() };

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(i => customer.AddAsync(products[i % 2], 1)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
        Assert.Equal(100, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
        Assert.Equal(100, answers.Select(answer => answer.ETag).Distinct().Count());
    }

    [Fact]
    public async Task Adds_sets_and_removes_at_once_are_each_one_step_of_a_simple_count()
    {
        var customer = shop.NewCustomer();
        var products = new[] { await shop.NewProductAsync(), await shop.NewProductAsync(), await shop.NewProductAsync() };
        var random = new Random(20261122);
        var changes = Enumerable.Range(0, 150)
            .Select(_ => (Method: random.Next(10) switch { < 5 => HttpMethod.Post, < 8 => HttpMethod.Put, _ => HttpMethod.Delete }, Product: products[random.Next(3)], Quantity: random.Next(1, 5)))
            .ToList();

        var answers = await Task.WhenAll(changes.Select(async change => (Change: change, Answer: await SendAsync(change.Method, change.Product, change.Quantity))));

        // Each change makes a version of its own; removing what is not there, and setting it, makes none.
        Assert.All(answers, seen => Assert.True(seen.Answer.Status == HttpStatusCode.OK || seen.Answer.ProblemType == "urn:cloudforge:problem:cart-item-not-found"));
        var model = new Dictionary<string, int>();
        var expected = 1;
        foreach (var version in answers.Where(seen => seen.Answer.Status == HttpStatusCode.OK).GroupBy(seen => int.Parse(seen.Answer.ETag!.Trim('"'))).OrderBy(version => version.Key))
        {
            Assert.Equal(version.Key == 0 ? 0 : expected++, version.Key);
            var (removals, others) = (version.Where(seen => seen.Change.Method == HttpMethod.Delete).ToList(), version.Where(seen => seen.Change.Method != HttpMethod.Delete).ToList());
            Assert.InRange(others.Count, 0, 1);
            foreach (var (change, _) in others)
            {
                model[change.Product] = change.Quantity + (change.Method == HttpMethod.Post ? model.GetValueOrDefault(change.Product) : 0);
            }

            foreach (var (change, _) in removals)
            {
                model.Remove(change.Product);
            }

            Assert.All(version, seen => Assert.Equal(model.OrderBy(line => line.Key), LinesOf(seen.Answer)));
        }

        Assert.Equal(model.OrderBy(line => line.Key), LinesOf(await customer.GetAsync("/api/cart")));

        Task<Answer> SendAsync(HttpMethod method, string product, int quantity) => method == HttpMethod.Post
            ? customer.AddAsync(product, quantity)
            : customer.SendAsync(method, $"/api/cart/items/{product}", method == HttpMethod.Put ? new { quantity } : null);
    }

    private static IEnumerable<KeyValuePair<string, int>> LinesOf(Answer cart) => cart.Body.GetProperty("items").EnumerateArray()
        .Select(item => KeyValuePair.Create(item.GetProperty("productId").GetString()!, item.GetProperty("quantity").GetInt32()))
        .OrderBy(line => line.Key);

    private static IEnumerable<string?> ProductsOf(JsonElement cart) =>
        cart.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("productId").GetString());
}
