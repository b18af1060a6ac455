using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>A guest signs in: the guest's cart goes into the user's own.</summary>
[Collection(OneShop.Name)]
public sealed class CartMergeTests(ShopFixture shop)
{
    [Fact]
    public async Task The_larger_quantity_of_a_product_wins_and_the_guest_cart_is_gone()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        var (mine, less, more, theirs) =
            (await shop.NewProductAsync(), await shop.NewProductAsync(), await shop.NewProductAsync(), await shop.NewProductAsync());
        await customer.AddAsync(mine, 1);
        await customer.AddAsync(less, 5);
        await customer.AddAsync(more, 2);
        await guest.AddAsync(theirs, 4);
        await guest.AddAsync(less, 3);
        await guest.AddAsync(more, 7);

        var merged = (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);

        Assert.Equal([(mine, 1), (less, 5), (more, 7), (theirs, 4)], LinesOf(merged));
        Assert.Equal(customer.UserId, merged.Body.GetProperty("userId").GetGuid());
        var seen = await customer.GetAsync("/api/cart");
        Assert.Equal((merged.Body.ToString(), merged.ETag), (seen.Body.ToString(), seen.ETag));
        Assert.Empty(LinesOf(await guest.GetAsync("/api/cart")));
    }

    [Fact]
    public async Task Lines_that_come_together_keep_their_order_and_what_is_added_later_follows()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        var products = Enumerable.Range(1, 40).Select(i => $"P-{i:0000}").OrderDescending().ToList();
        foreach (var product in products)
        {
            await guest.AddAsync(product, 1);
        }

        (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);
        await customer.AddAsync("P-0500", 1);

        Assert.Equal([.. products, "P-0500"], LinesOf(await customer.GetAsync("/api/cart")).Select(line => line.Product));
    }

    [Fact]
    public async Task An_unknown_guest_cart_changes_nothing()
    {
        var customer = shop.NewCustomer();
        var before = await customer.AddAsync(await shop.NewProductAsync(), 2);

        var merged = (await MergeAsync(customer, shop.NewGuest())).Is(HttpStatusCode.OK);

        Assert.Equal((before.Body.ToString(), before.ETag), (merged.Body.ToString(), merged.ETag));
    }

    [Fact]
    public async Task The_id_of_a_user_reaches_no_cart_of_a_user()
    {
        var (customer, victim) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        await victim.AddAsync(product, 2);

        Assert.Empty(LinesOf((await MergeAsync(customer, victim)).Is(HttpStatusCode.OK)));
        (await MergeAsync(victim, victim)).Is(HttpStatusCode.OK);

        Assert.Equal([(product, 2)], LinesOf(await victim.GetAsync("/api/cart")));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{"fromCartId":null}""")]
    [InlineData("""{"fromCartId":""}""")]
    [InlineData("""{"fromCartId":"mine"}""")]
    [InlineData("""{"fromCartId":"00000000-0000-0000-0000-000000000000"}""")]
    [InlineData("""{"fromCartId":17}""")]
    public async Task What_is_no_id_of_a_cart_is_refused(string body)
    {
        using var json = new StringContent(body, System.Text.Encoding.UTF8, "application/json");

        var problem = (await shop.NewCustomer().SendAsync(HttpMethod.Post, "/api/cart/merge", json)).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(problem.Body.GetProperty("errors").TryGetProperty("fromCartId", out _), problem.ToString());
    }

    [Fact]
    public async Task Carts_that_do_not_fit_into_one_stay_as_they_are()
    {
        var (customer, other, guest) = (shop.NewCustomer(), shop.NewCustomer(), shop.NewGuest());
        await Task.WhenAll(Enumerable.Range(1, 60).Select(i => customer.AddAsync($"P-{i:0000}", 1)));
        await Task.WhenAll(Enumerable.Range(60, 42).Select(i => guest.AddAsync($"P-{i:0000}", 2)));
        var (mine, theirs) = (await customer.GetAsync("/api/cart"), await guest.GetAsync("/api/cart"));

        var refused = (await MergeAsync(customer, guest)).IsProblem(HttpStatusCode.Conflict, "cart-full");

        Assert.Contains("merge again", refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(mine.Body.ToString(), (await customer.GetAsync("/api/cart")).Body.ToString());
        Assert.Equal(theirs.Body.ToString(), (await guest.GetAsync("/api/cart")).Body.ToString());

        // One product is in both, and one less is as much as fits.
        (await customer.SendAsync(HttpMethod.Delete, "/api/cart/items/P-0001", null)).Is(HttpStatusCode.OK);
        Assert.Equal(100, LinesOf((await MergeAsync(customer, guest)).Is(HttpStatusCode.OK)).Count);

        // Nor does a refusal keep others from it.
        var second = shop.NewGuest();
        await second.AddAsync("P-0900", 1);
        (await MergeAsync(customer, second)).IsProblem(HttpStatusCode.Conflict, "cart-full");
        Assert.Equal([("P-0900", 1)], LinesOf((await MergeAsync(other, second)).Is(HttpStatusCode.OK)));
    }

    [Fact]
    public async Task Carts_of_two_currencies_stay_as_they_are()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        var (euros, dollars) = (await shop.NewProductAsync(), await shop.NewProductAsync(currency: "USD"));
        await customer.AddAsync(euros, 1);
        await guest.AddAsync(dollars, 1);

        var refused = (await MergeAsync(customer, guest)).IsProblem(HttpStatusCode.Conflict, "mixed-currencies");

        Assert.Contains("USD", refused.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal([(euros, 1)], LinesOf(await customer.GetAsync("/api/cart")));
        Assert.Equal([(dollars, 1)], LinesOf(await guest.GetAsync("/api/cart")));
    }

    [Fact]
    public async Task An_empty_cart_takes_over_the_currency_and_can_be_checked_out()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        await guest.AddAsync(await shop.NewProductAsync(price: 4.50m, currency: "USD"), 2);

        (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);

        var order = (await customer.CheckoutAsync()).Is(HttpStatusCode.Created).Body;
        Assert.Equal(("USD", 9.00m), (order.GetProperty("currency").GetString(), order.GetProperty("totalAmount").GetDecimal()));
    }

    [Fact]
    public async Task A_stale_entity_tag_is_refused_and_changes_neither_cart()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        var (mine, theirs) = (await shop.NewProductAsync(), await shop.NewProductAsync());
        var stale = (await customer.AddAsync(mine, 1)).ETag!;
        var current = (await customer.AddAsync(mine, 1)).ETag!;
        await guest.AddAsync(theirs, 3);

        (await MergeAsync(customer, guest, ("If-Match", stale))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        (await MergeAsync(customer, shop.NewGuest(), ("If-Match", stale))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");

        Assert.Equal([(mine, 2)], LinesOf(await customer.GetAsync("/api/cart")));
        Assert.Equal([(theirs, 3)], LinesOf(await guest.GetAsync("/api/cart")));
        Assert.Equal([(mine, 2), (theirs, 3)], LinesOf((await MergeAsync(customer, guest, ("If-Match", current))).Is(HttpStatusCode.OK)));
    }

    [Fact]
    public async Task A_merge_that_stopped_half_way_is_done_again_with_the_same_result()
    {
        var (customer, other, guest) = (shop.NewCustomer(), shop.NewCustomer(), shop.NewGuest());
        var (both, theirs) = (await shop.NewProductAsync(), await shop.NewProductAsync());
        await customer.AddAsync(both, 1);
        await guest.AddAsync(both, 2);
        await guest.AddAsync(theirs, 3);
        var fields = await shop.Redis.HashGetAllAsync(guest.CartKey);
        var first = (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);

        // As a crash before the last step leaves it.
        await shop.Redis.KeyDeleteAsync(guest.CartKey);
        await shop.Redis.HashSetAsync(guest.CartKey, [.. fields, new("claim", customer.CartKey)]);

        Assert.Empty(LinesOf((await MergeAsync(other, guest)).Is(HttpStatusCode.OK)));
        var second = (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);
        Assert.Equal((first.Body.ToString(), first.ETag), (second.Body.ToString(), second.ETag));
        Assert.Empty(LinesOf(await guest.GetAsync("/api/cart")));
    }

    [Fact]
    public async Task Merges_while_both_carts_are_filled_lose_nothing_and_double_nothing()
    {
        var (customer, guest) = (shop.NewCustomer(), shop.NewGuest());
        var theirs = Enumerable.Range(101, 40).Select(i => $"P-{i:0000}").ToList();
        var mine = Enumerable.Range(201, 20).Select(i => $"P-{i:0000}").ToList();

        var answers = await Task.WhenAll(
            [
                .. theirs.Select(product => guest.AddAsync(product, 3)),
                .. mine.Select(product => customer.AddAsync(product, 2)),
                .. Enumerable.Range(0, 20).Select(_ => MergeAsync(customer, guest)),
            ]);
        var last = (await MergeAsync(customer, guest)).Is(HttpStatusCode.OK);

        Assert.All(answers, answer => Assert.True(
            answer.Status == HttpStatusCode.OK || answer.ProblemType == "urn:cloudforge:problem:cart-busy", answer.ToString()));
        Assert.Equal(
            [.. theirs.Select(product => (product, 3)), .. mine.Select(product => (product, 2))],
            LinesOf(last).OrderBy(line => line.Product, StringComparer.Ordinal));
        Assert.Empty(LinesOf(await guest.GetAsync("/api/cart")));
    }

    [Fact]
    public async Task A_guest_cart_that_several_users_merge_at_once_goes_to_one_of_them()
    {
        var guest = shop.NewGuest();
        var customers = Enumerable.Range(0, 8).Select(_ => shop.NewCustomer()).ToList();
        var product = await shop.NewProductAsync();
        await guest.AddAsync(product, 3);

        var answers = await Task.WhenAll(customers.Select(customer => MergeAsync(customer, guest)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
        Assert.Equal([(product, 3)], answers.SelectMany(LinesOf));
        Assert.Empty(LinesOf(await guest.GetAsync("/api/cart")));
    }

    private static Task<Answer> MergeAsync(Customer customer, Customer guest, params (string Name, string Value)[] headers) =>
        customer.SendAsync(HttpMethod.Post, "/api/cart/merge", new { fromCartId = guest.UserId }, headers);

    private static List<(string Product, int Quantity)> LinesOf(Answer cart) =>
        [.. cart.Body.GetProperty("items").EnumerateArray().Select(Line)];

    private static (string Product, int Quantity) Line(JsonElement item) =>
        (item.GetProperty("productId").GetString()!, item.GetProperty("quantity").GetInt32());
}
