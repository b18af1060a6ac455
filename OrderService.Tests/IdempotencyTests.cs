using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrderService.Api.Http;
using OrderService.Api.Orders;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>The same request twice: a double click, or a repeat after an answer that never came.</summary>
[Collection(OneShop.Name)]
public sealed class IdempotencyTests(ShopFixture shop)
{
    private const string Replayed = "Idempotency-Replayed";

    [Fact]
    public async Task The_same_key_gives_the_same_answer_and_one_order()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 10);
        var key = NewKey();

        var first = (await customer.OrderAsync(product, 2, key)).Is(HttpStatusCode.Created);
        await customer.CancelAsync(first.Id);
        var second = (await customer.OrderAsync(product, 2, key)).Is(HttpStatusCode.Created);

        Assert.Equal(first.Body.ToString(), second.Body.ToString());
        Assert.Equal((first.ETag, first.Response.Headers.Location), (second.ETag, second.Response.Headers.Location));
        Assert.Equal("true", Assert.Single(second.Response.Headers.GetValues(Replayed)));
        Assert.False(first.Response.Headers.Contains(Replayed));
        Assert.Equal(1, await OrdersAsync(customer));
    }

    [Fact]
    public async Task The_repeat_of_a_checkout_that_died_before_it_got_to_the_cart_takes_out_what_it_ordered()
    {
        var customer = shop.NewCustomer();
        var (ordered, kept) = (await shop.NewProductAsync(stock: 10), await shop.NewProductAsync(stock: 10));
        var key = NewKey();
        await customer.AddAsync(ordered, 3);
        var cart = await shop.Redis.KeyDumpAsync(customer.CartKey);
        var first = (await customer.CheckoutAsync(key)).Is(HttpStatusCode.Created);
        await customer.CancelItemsAsync(first.Id, [(ordered, 1)]);

        // As a process leaves it that is killed after the commit.
        await shop.Redis.KeyDeleteAsync(customer.CartKey);
        await shop.Redis.KeyRestoreAsync(customer.CartKey, cart!);
        await customer.AddAsync(kept, 1);
        var second = (await customer.CheckoutAsync(key)).Is(HttpStatusCode.Created);

        Assert.Equal(first.Id, second.Id);
        var left = (await customer.GetAsync("/api/cart")).Body.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("productId").GetString());
        Assert.Equal([kept], left);
        Assert.Equal(1, await OrdersAsync(customer));
    }

    [Fact]
    public async Task The_same_key_with_another_body_is_refused()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 10);
        var key = NewKey();
        await customer.OrderAsync(product, 2, key);

        (await customer.OrderAsync(product, 3, key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");

        Assert.Equal(1, await OrdersAsync(customer));
    }

    [Fact]
    public async Task Twenty_four_requests_at_once_with_one_key_make_one_order_and_none_misses_its_own_stock()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 1);
        var key = NewKey();

        var answers = await Task.WhenAll(Enumerable.Range(0, 24).Select(_ => customer.OrderAsync(product, 1, key)));

        var made = answers.Where(answer => answer.Status == HttpStatusCode.Created).ToList();
        Assert.Single(made.Select(answer => answer.Id).Distinct());
        Assert.Single(made, answer => !answer.Response.Headers.Contains(Replayed));
        Assert.All(answers.Except(made), answer => IsInProgress(answer));
        Assert.Equal(1, await OrdersAsync(customer));
        Assert.Equal(made[0].Id, (await customer.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id);
    }

    [Fact]
    public async Task A_repeat_that_comes_while_the_first_is_running_is_told_to_wait()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        await customer.AddAsync(product, 1);

        ProcessTree.Pause(shop.ProcessOf(ResourceNames.Products));
        Task<Answer> first;
        try
        {
            first = customer.CheckoutAsync(key);
            await Eventually.SeeAsync(
                () => shop.ScalarAsync<long>("SELECT count(*) FROM idempotency_claims WHERE user_id = $1", customer.UserId), claims => claims == 1, "the key being claimed");

            IsInProgress(await customer.CheckoutAsync(key));
            (await customer.SendAsync(HttpMethod.Post, "/api/cart/checkout", new { shippingAddress = "Elsewhere" }, key))
                .IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        }
        finally
        {
            ProcessTree.Resume(shop.ProcessOf(ResourceNames.Products));
        }

        var order = (await first).Is(HttpStatusCode.Created);
        Assert.Equal(order.Body.ToString(), (await customer.CheckoutAsync(key)).Is(HttpStatusCode.Created).Body.ToString());
    }

    [Fact]
    public async Task A_failed_attempt_leaves_no_key_behind()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 0);
        var key = NewKey();
        (await customer.OrderAsync(product, 1, key)).IsProblem(HttpStatusCode.Conflict, "insufficient-stock");
        (await customer.CheckoutAsync(key)).IsProblem(HttpStatusCode.Conflict, "cart-empty");
        Assert.Equal(0, await shop.ScalarAsync<long>(
            "SELECT (SELECT count(*) FROM idempotency_keys WHERE user_id = $1) + (SELECT count(*) FROM idempotency_claims WHERE user_id = $1)", customer.UserId));
        await shop.PutProductAsync(product, 10.00m, 5);

        // Another body is fine as well: the key is as good as new.
        Assert.False((await customer.OrderAsync(product, 2, key)).Is(HttpStatusCode.Created).Response.Headers.Contains(Replayed));
    }

    [Fact]
    public async Task A_request_whose_client_gave_up_makes_one_order_together_with_its_repeat()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();

        ProcessTree.Pause(shop.ProcessOf(ResourceNames.Products));
        try
        {
            using var givenUp = new CancellationTokenSource();
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders")
            {
                Headers = { { "X-User-Id", customer.UserId.ToString() }, { key.Item1, key.Item2 } },
                Content = JsonContent.Create(new { items = new[] { new { productId = product, quantity = 1 } }, shippingAddress = Customer.Address }),
            };
            var first = shop.Api.SendAsync(request, givenUp.Token);
            await Eventually.SeeAsync(
                () => shop.ScalarAsync<long>("SELECT count(*) FROM idempotency_claims WHERE user_id = $1", customer.UserId), claims => claims == 1, "the key being claimed");
            await givenUp.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        }
        finally
        {
            ProcessTree.Resume(shop.ProcessOf(ResourceNames.Products));
        }

        await Eventually.SeeAsync(() => customer.OrderAsync(product, 1, key), answer => answer.Status == HttpStatusCode.Created, "the repeat being answered");
        Assert.Equal(1, await OrdersAsync(customer));
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("reserved").GetInt32() == 1, "one piece being reserved");
    }

    [Fact]
    public async Task The_claim_of_a_process_that_died_ends_by_itself()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        await shop.ScalarAsync<long>(
            """
            INSERT INTO idempotency_claims (user_id, route, key, id, request_hash, expires_at)
            VALUES ($1, 'POST /api/orders', $2, gen_random_uuid(), '\x00', now() - interval '1 second')
            """,
            customer.UserId,
            key.Item2);

        (await customer.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task A_claim_of_a_replica_whose_clock_is_fast_holds_nobody_up_for_longer()
    {
        var json = new JsonOptions();
        json.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
        var fast = new Idempotency(
            shop.Database, scopes: null!, new FakeTimeProvider(DateTimeOffset.UtcNow.AddMinutes(10)), Options.Create(json), NullLogger<Idempotency>.Instance);
        var user = shop.NewCustomer().UserId;

        await ClaimAsync();
        await shop.ScalarAsync<long>("UPDATE idempotency_claims SET expires_at = now() - interval '1 s' WHERE user_id = $1", user);
        await ClaimAsync();

        async Task ClaimAsync()
        {
            var claim = await fast.ClaimAsync(
                "a-key", user, "POST /api/cart/checkout", new CheckoutRequest("here"), ApiJson.Default.CheckoutRequest, new DefaultHttpContext().Response, CancellationToken.None);
            Assert.Null(claim.Refusal);
            Assert.True(await shop.ScalarAsync<bool>("SELECT expires_at BETWEEN now() AND now() + interval '30 s' FROM idempotency_claims WHERE user_id = $1", user));
        }
    }

    [Fact]
    public async Task An_answer_is_kept_for_24_hours()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var key = NewKey();
        var first = (await customer.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id;

        await AgeAsync("23 hours 59 minutes");
        Assert.Equal(first, (await customer.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id);

        await AgeAsync("2 minutes");
        Assert.NotEqual(first, (await customer.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id);

        // The claim of that request has ended long ago as well.
        async Task AgeAsync(string by)
        {
            await shop.ScalarAsync<long>($"UPDATE idempotency_keys SET created_at = created_at - interval '{by}' WHERE user_id = $1", customer.UserId);
            await shop.ScalarAsync<long>($"UPDATE idempotency_claims SET expires_at = expires_at - interval '{by}' WHERE user_id = $1", customer.UserId);
        }
    }

    [Fact]
    public async Task Keys_of_other_customers_and_of_other_routes_are_other_keys()
    {
        var (one, other) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var key = NewKey();
        await one.AddAsync(product, 1);

        var orders = new[] { await one.OrderAsync(product, 1, key), await other.OrderAsync(product, 1, key), await one.CheckoutAsync(key) };

        Assert.Equal(3, orders.Select(order => order.Is(HttpStatusCode.Created).Id).Distinct().Count());
    }

    [Fact]
    public async Task Eight_checkouts_at_once_with_one_key_make_one_order_and_its_repeat_needs_no_cart()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 2);
        var key = NewKey();
        await customer.AddAsync(product, 2);

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => customer.CheckoutAsync(key)));
        await customer.AddAsync(product, 1);
        var later = (await customer.CheckoutAsync(key)).Is(HttpStatusCode.Created);

        Assert.All(answers.Where(answer => answer.Status != HttpStatusCode.Created), answer => IsInProgress(answer));
        Assert.Equal(later.Id, Assert.Single(answers.Where(answer => answer.Status == HttpStatusCode.Created).Select(answer => answer.Id).Distinct()));
        Assert.Equal(1, (await customer.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
    }

    private static (string, string) NewKey() => ("Idempotency-Key", Guid.NewGuid().ToString());

    private static void IsInProgress(Answer answer)
    {
        answer.IsProblem(HttpStatusCode.Conflict, "request-in-progress");
        Assert.True(answer.Response.Headers.RetryAfter?.Delta > TimeSpan.Zero, answer.Response.Headers.ToString());
    }

    private Task<long> OrdersAsync(Customer customer) => shop.ScalarAsync<long>("SELECT count(*) FROM orders WHERE user_id = $1", customer.UserId);
}
