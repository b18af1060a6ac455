using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>An add that is sent again because its answer got lost counts once.</summary>
[Collection(OneShop.Name)]
public sealed class CartKeyTests(ShopFixture shop)
{
    private const string Replayed = "Idempotency-Replayed";

    [Fact]
    public async Task The_same_key_gives_the_first_answer_again_and_adds_nothing()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        var first = (await customer.AddAsync(product, 2, key)).Is(HttpStatusCode.OK);
        var after = await customer.AddAsync(product, 1);

        var second = (await customer.AddAsync(product, 2, key)).Is(HttpStatusCode.OK);

        Assert.Equal((first.Body.ToString(), first.ETag), (second.Body.ToString(), second.ETag));
        Assert.Equal("true", Assert.Single(second.Response.Headers.GetValues(Replayed)));
        Assert.False(first.Response.Headers.Contains(Replayed));
        var cart = await customer.GetAsync("/api/cart");
        Assert.Equal((after.Body.ToString(), after.ETag), (cart.Body.ToString(), cart.ETag));
    }

    [Fact]
    public async Task A_key_that_came_with_another_body_is_refused()
    {
        var guest = shop.NewGuest();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        await guest.AddAsync(product, 2, key);

        (await guest.AddAsync(product, 3, key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");

        Assert.Equal(2, await CountAsync(guest));
    }

    [Fact]
    public async Task Twenty_adds_at_once_with_one_key_count_once_and_get_one_answer()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();

        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => customer.AddAsync(product, 3, key)));

        Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
        Assert.Single(answers.Select(answer => (answer.Body.ToString(), answer.ETag)).Distinct());
        Assert.Single(answers, answer => !answer.Response.Headers.Contains(Replayed));
        Assert.Equal(3, await CountAsync(customer));
    }

    [Fact]
    public async Task A_key_whose_attempt_failed_may_be_used_again()
    {
        var customer = shop.NewCustomer();
        var product = $"T-{Guid.NewGuid():N}";
        var key = NewKey();
        (await customer.AddAsync(product, 600, key)).IsProblem(HttpStatusCode.NotFound, "product-not-found");
        await shop.PutProductAsync(product, 10.00m, 5);
        await customer.AddAsync(product, 500);
        (await customer.AddAsync(product, 600, key)).IsProblem(HttpStatusCode.BadRequest, "validation");
        (await customer.SendAsync(HttpMethod.Delete, "/api/cart", null)).Is(HttpStatusCode.NoContent);

        var added = (await customer.AddAsync(product, 600, key)).Is(HttpStatusCode.OK);

        Assert.False(added.Response.Headers.Contains(Replayed));
        Assert.Equal(600, await CountAsync(customer));
    }

    [Fact]
    public async Task A_repeat_is_answered_without_the_product_service()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        var first = (await customer.AddAsync(product, 2, key)).Is(HttpStatusCode.OK);

        var products = shop.ProcessOf(ResourceNames.Products);
        ProcessTree.Pause(products);
        try
        {
            Assert.Equal(first.Body.ToString(), (await customer.AddAsync(product, 2, key)).Is(HttpStatusCode.OK).Body.ToString());
        }
        finally
        {
            ProcessTree.Resume(products);
        }
    }

    [Fact]
    public async Task A_repeat_with_the_entity_tag_of_before_the_first_is_no_stale_request()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var seen = (await customer.AddAsync(product, 1)).ETag!;
        var key = NewKey();
        var first = (await customer.AddAsync(product, 2, key, ("If-Match", seen))).Is(HttpStatusCode.OK);

        Assert.Equal(first.ETag, (await customer.AddAsync(product, 2, key, ("If-Match", seen))).Is(HttpStatusCode.OK).ETag);
        (await customer.AddAsync(product, 2, NewKey(), ("If-Match", seen))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");

        Assert.Equal(3, await CountAsync(customer));
    }

    [Fact]
    public async Task A_key_is_its_owners_alone_and_any_visible_characters()
    {
        var product = await shop.NewProductAsync();
        var (customer, other) = (shop.NewCustomer(), shop.NewCustomer());
        var namesake = Customer.Guest(shop.Api, customer.UserId);
        var key = ("Idempotency-Key", "}{:*\"" + Guid.NewGuid());

        foreach (var owner in new[] { customer, other, namesake })
        {
            Assert.False((await owner.AddAsync(product, 1, key)).Is(HttpStatusCode.OK).Response.Headers.Contains(Replayed));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    public async Task A_bad_key_is_refused(string key) =>
        (await shop.NewCustomer().AddAsync("P-0001", 1, ("Idempotency-Key", key))).IsProblem(HttpStatusCode.BadRequest, "validation");

    [Fact]
    public async Task A_key_is_kept_for_a_day()
    {
        var customer = shop.NewCustomer();
        var key = NewKey();
        (await customer.AddAsync("P-0001", 1, key)).Is(HttpStatusCode.OK);

        var left = await shop.Redis.KeyTimeToLiveAsync($"{customer.CartKey}:key:{key.Value}");

        Assert.InRange(left!.Value, TimeSpan.FromHours(23), TimeSpan.FromHours(24));
    }

    private static (string Name, string Value) NewKey() => ("Idempotency-Key", Guid.NewGuid().ToString());

    private static async Task<int> CountAsync(Customer customer) =>
        (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body.GetProperty("itemCount").GetInt32();
}
