using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

[Collection(OneShop.Name)]
public sealed class CartTests(ShopFixture shop)
{
    [Fact]
    public async Task An_unknown_cart_is_an_empty_cart()
    {
        var customer = shop.NewCustomer();

        var cart = (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK);

        Assert.Equal(customer.UserId, cart.Body.GetProperty("userId").GetGuid());
        Assert.Equal(0, cart.Body.GetProperty("items").GetArrayLength());
        Assert.Equal(0m, cart.Body.GetProperty("total").GetDecimal());
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

    private static IEnumerable<string?> ProductsOf(JsonElement cart) =>
        cart.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("productId").GetString());
}
