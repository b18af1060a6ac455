using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>A guest has a cart, and nothing else.</summary>
[Collection(OneShop.Name)]
public sealed class GuestCartTests(ShopFixture shop)
{
    private const string Header = "X-Cart-Id";

    [Fact]
    public async Task A_guest_fills_changes_and_empties_a_cart()
    {
        var guest = shop.NewGuest();
        var (kept, gone) = (await shop.NewProductAsync(price: 2.50m), await shop.NewProductAsync());

        var added = (await guest.AddAsync(kept, 2)).Is(HttpStatusCode.OK);
        (await guest.AddAsync(gone, 1)).Is(HttpStatusCode.OK);
        (await guest.SendAsync(HttpMethod.Put, $"/api/cart/items/{kept}", new { quantity = 3 })).Is(HttpStatusCode.OK);
        (await guest.SendAsync(HttpMethod.Delete, $"/api/cart/items/{gone}", null)).Is(HttpStatusCode.OK);

        Assert.Equal(JsonValueKind.Null, added.Body.GetProperty("userId").ValueKind);
        Assert.Equal(7.50m, (await guest.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body.GetProperty("total").GetDecimal());
        (await guest.SendAsync(HttpMethod.Delete, "/api/cart", null)).Is(HttpStatusCode.NoContent);
        Assert.Equal(0, (await guest.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
    }

    [Fact]
    public async Task Carts_of_two_guests_and_of_a_user_with_the_same_id_never_meet()
    {
        var product = await shop.NewProductAsync();
        var customer = shop.NewCustomer();
        var (namesake, other) = (Customer.Guest(shop.Api, customer.UserId), shop.NewGuest());
        await customer.AddAsync(product, 1);
        await namesake.AddAsync(product, 2);
        await other.AddAsync(product, 4);

        Assert.Equal((1, 2, 4), (await CountAsync(customer), await CountAsync(namesake), await CountAsync(other)));
    }

    [Fact]
    public async Task An_identity_counts_for_more_than_the_id_of_a_guest_cart()
    {
        var product = await shop.NewProductAsync();
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());

        var cart = (await customer.AddAsync(product, 1, (Header, guest.UserId.ToString()))).Is(HttpStatusCode.OK);

        Assert.Equal(customer.UserId, cart.Body.GetProperty("userId").GetGuid());
        Assert.Equal((1, 0), (await CountAsync(customer), await CountAsync(guest)));
    }

    [Fact]
    public async Task An_identity_that_does_not_count_is_not_taken_for_a_guest()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cart");
        request.Headers.Add("X-User-Id", "not a uuid");
        request.Headers.Add(Header, Guid.NewGuid().ToString());

        (await Answer.ReadAsync(await shop.Api.SendAsync(request))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Theory]
    [InlineData("GET", "/api/orders")]
    [InlineData("POST", "/api/orders")]
    [InlineData("GET", "/api/orders/0197b0a0-0000-7000-8000-000000000000")]
    [InlineData("GET", "/api/orders/0197b0a0-0000-7000-8000-000000000000/history")]
    [InlineData("PUT", "/api/orders/0197b0a0-0000-7000-8000-000000000000/cancel")]
    [InlineData("POST", "/api/cart/checkout")]
    [InlineData("POST", "/api/cart/merge")]
    public async Task A_guest_gets_no_further_than_the_cart(string method, string path)
    {
        var guest = shop.NewGuest();
        await guest.AddAsync(await shop.NewProductAsync(), 1);

        (await guest.SendAsync(new HttpMethod(method), path, method == "GET" ? null : new { })).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        Assert.Equal(1, await CountAsync(guest));
    }

    [Theory]
    [InlineData(new string[0], "missing")]
    [InlineData(new[] { "" }, "not one UUID")]
    [InlineData(new[] { "mine" }, "not one UUID")]
    [InlineData(new[] { "{0197b0a0-0000-7000-8000-000000000000}" }, "not one UUID")]
    [InlineData(new[] { "00000000-0000-0000-0000-000000000000" }, "the empty one")]
    [InlineData(new[] { "0197b0a0-0000-7000-8000-000000000000", "0197b0a0-0000-7000-8000-000000000000" }, "not one UUID")]
    [InlineData(new[] { "0197b0a0-0000-7000-8000-000000000000,0197b0a0-0000-7000-8000-000000000001" }, "not one UUID")]
    public async Task Whoever_names_no_cart_is_told_what_is_wrong(string[] ids, string wrong)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cart");
        foreach (var id in ids)
        {
            request.Headers.TryAddWithoutValidation(Header, id);
        }

        var problem = (await Answer.ReadAsync(await shop.Api.SendAsync(request))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        var detail = problem.Body.GetProperty("detail").GetString();
        Assert.Contains("X-User-Id", detail, StringComparison.Ordinal);
        Assert.Contains(Header, detail, StringComparison.Ordinal);
        Assert.Contains(wrong, detail, StringComparison.Ordinal);
    }

    private static async Task<int> CountAsync(Customer customer) =>
        (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body.GetProperty("itemCount").GetInt32();
}
