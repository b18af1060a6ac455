using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>A cart that lies for days shows the names and prices of today.</summary>
[Collection(OneShop.Name)]
public sealed class CartPriceTests(ShopFixture shop)
{
    private const string Refreshed = "refreshed";

    [Fact]
    public async Task An_old_cart_shows_present_names_and_prices_and_is_another_version_only_if_they_differ()
    {
        var customer = shop.NewCustomer();
        var (dearer, same) = (await shop.NewProductAsync(price: 10.00m), await shop.NewProductAsync(price: 1.00m));
        await customer.AddAsync(dearer, 2);
        var before = await customer.AddAsync(same, 3);

        await AgeAsync(customer);
        var unchanged = await customer.GetAsync("/api/cart");
        await shop.PutProductAsync(dearer, 12.00m, 100, name: "A better thing");
        await AgeAsync(customer);
        var changed = await customer.GetAsync("/api/cart");
        await AgeAsync(customer);
        var again = await customer.GetAsync("/api/cart");

        Assert.Equal((before.Body.ToString(), before.ETag), (unchanged.Body.ToString(), unchanged.ETag));
        Assert.Equal(27.00m, changed.Body.GetProperty("total").GetDecimal());
        Assert.Equal(["A better thing", "A thing"], Items(changed).Select(item => item.GetProperty("productName").GetString()));
        Assert.NotEqual(before.ETag, changed.ETag);
        Assert.Equal((changed.Body.ToString(), changed.ETag), (again.Body.ToString(), again.ETag));
        Assert.Equal(27.00m, (await customer.CheckoutAsync()).Is(HttpStatusCode.Created).Body.GetProperty("totalAmount").GetDecimal());
    }

    [Fact]
    public async Task A_young_cart_is_shown_as_it_is()
    {
        var guest = shop.NewGuest();
        var product = await shop.NewProductAsync(price: 10.00m);
        await guest.AddAsync(product, 1);
        await SetRefreshedAsync(guest, DateTimeOffset.UtcNow.AddHours(1));
        await shop.PutProductAsync(product, 12.00m, 100);

        Assert.Equal(10.00m, (await guest.GetAsync("/api/cart")).Body.GetProperty("total").GetDecimal());
        await AgeAsync(guest);
        Assert.Equal(12.00m, (await guest.GetAsync("/api/cart")).Body.GetProperty("total").GetDecimal());
    }

    [Fact]
    public async Task Adding_takes_over_the_present_price_of_what_is_added()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 10.00m);
        await customer.AddAsync(product, 1);
        await shop.PutProductAsync(product, 12.00m, 100);

        Assert.Equal(24.00m, (await customer.AddAsync(product, 1)).Is(HttpStatusCode.OK).Body.GetProperty("total").GetDecimal());
    }

    [Fact]
    public async Task A_product_that_is_no_longer_for_sale_stays_until_the_checkout_tells()
    {
        var customer = shop.NewCustomer();
        var (gone, dearer) = (await shop.NewProductAsync(price: 10.00m), await shop.NewProductAsync(price: 1.00m));
        await customer.AddAsync(gone, 1);
        await customer.AddAsync(dearer, 1);
        (await shop.Products.PutAsJsonAsync($"/api/products/{gone}", new { name = "Gone", price = 99.00m, currency = "EUR", stock = 1, active = false }))
            .EnsureSuccessStatusCode();
        await shop.PutProductAsync(dearer, 2.00m, 100);
        await AgeAsync(customer);

        Assert.Equal(12.00m, (await customer.GetAsync("/api/cart")).Body.GetProperty("total").GetDecimal());
        (await customer.CheckoutAsync()).IsProblem(HttpStatusCode.Conflict, "product-unavailable");
    }

    [Fact]
    public async Task A_cart_follows_its_products_into_another_currency_only_as_a_whole()
    {
        var customer = shop.NewCustomer();
        var (first, second) = (await shop.NewProductAsync(price: 10.00m), await shop.NewProductAsync(price: 5.00m));
        await customer.AddAsync(first, 1);
        await customer.AddAsync(second, 1);

        await shop.PutProductAsync(first, 11.00m, 100, "USD");
        await AgeAsync(customer);
        var half = await customer.GetAsync("/api/cart");
        await shop.PutProductAsync(second, 6.00m, 100, "USD");
        await AgeAsync(customer);
        var whole = await customer.GetAsync("/api/cart");

        Assert.Equal(("EUR", 15.00m), (half.Body.GetProperty("currency").GetString(), half.Body.GetProperty("total").GetDecimal()));
        Assert.Equal(("USD", 17.00m), (whole.Body.GetProperty("currency").GetString(), whole.Body.GetProperty("total").GetDecimal()));
    }

    [Fact]
    public async Task Without_the_product_service_the_cart_is_shown_as_it_is_and_the_service_is_left_alone_for_a_while()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 10.00m);
        var before = await customer.AddAsync(product, 2);
        await shop.PutProductAsync(product, 12.00m, 100);
        await AgeAsync(customer);

        var products = shop.ProcessOf(ResourceNames.Products);
        ProcessTree.Pause(products);
        try
        {
            var cart = (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK);

            Assert.Equal((before.Body.ToString(), before.ETag), (cart.Body.ToString(), cart.ETag));
            Assert.NotEqual(0, (long)await shop.Redis.HashGetAsync(customer.CartKey, Refreshed));
        }
        finally
        {
            ProcessTree.Resume(products);
        }

        await Eventually.SeeAsync(
            async () =>
            {
                await AgeAsync(customer);
                return await customer.GetAsync("/api/cart");
            },
            cart => cart.Body.GetProperty("total").GetDecimal() == 24.00m,
            "the present price");
    }

    [Fact]
    public async Task A_refresh_brings_back_nothing_that_is_removed_meanwhile()
    {
        var customer = shop.NewCustomer();
        var products = new[] { await shop.NewProductAsync(), await shop.NewProductAsync(), await shop.NewProductAsync() };
        for (var round = 0; round < 10; round++)
        {
            await Task.WhenAll(products.Select(product => customer.AddAsync(product, 1)));
            await Task.WhenAll(products.Select(product => shop.PutProductAsync(product, 10.00m + round, 100)));
            await AgeAsync(customer);

            await Task.WhenAll(
                [customer.GetAsync("/api/cart"), .. products.Select(product => customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{product}", null))]);

            Assert.Empty(Items(await customer.GetAsync("/api/cart")));
            Assert.DoesNotContain(await shop.Redis.HashKeysAsync(customer.CartKey), field => field.ToString().Contains(':', StringComparison.Ordinal));
        }
    }

    private static List<JsonElement> Items(Answer cart) => [.. cart.Body.GetProperty("items").EnumerateArray()];

    /// <summary>Makes the cart look as if its names and prices were read long ago.</summary>
    private Task<bool> AgeAsync(Customer customer) => SetRefreshedAsync(customer, DateTimeOffset.UnixEpoch);

    private Task<bool> SetRefreshedAsync(Customer customer, DateTimeOffset when) =>
        shop.Redis.HashSetAsync(customer.CartKey, Refreshed, when.ToUnixTimeMilliseconds());
}
