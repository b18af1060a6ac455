using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Servers that go away and come back, while API and worker stay.</summary>
[Collection(OneShop.Name)]
public sealed class OutageTests(ShopFixture shop)
{
    [Fact]
    public async Task Nothing_is_lost_when_the_database_is_killed_and_started_again()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var paid = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(paid, 1);
        var worker = shop.ProcessOf(ResourceNames.Worker);

        ProcessTree.Pause(worker);
        Guid unsent;
        try
        {
            unsent = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
            await shop.KillAsync(ResourceNames.Postgres);
        }
        finally
        {
            ProcessTree.Resume(worker);
        }

        await shop.Publisher.PaymentSucceededAsync(paid, 10.00m);
        (await customer.OrderAsync(product, 1)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        await shop.StartAsync(ResourceNames.Postgres);
        shop.Database.Clear();

        Assert.Equal([1, 2], (await shop.Events.WaitAsync(paid, 2)).Select(e => e.Sequence));
        Assert.Equal([1], (await shop.Events.WaitAsync(unsent, 1)).Select(e => e.Sequence));
        await Eventually.SeeAsync(
            () => shop.ProductAsync(product),
            seen => (seen.GetProperty("sold").GetInt32(), seen.GetProperty("reserved").GetInt32()) == (1, 1),
            "the order that was not written having no stock");
        Assert.Equal(worker, shop.ProcessOf(ResourceNames.Worker));
    }

    [Fact]
    public async Task While_postgresql_is_away_carts_go_on_and_orders_say_so_and_the_replica_is_not_ready()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        var api = shop.ProcessOf(ResourceNames.Api);
        await shop.KillAsync(ResourceNames.Postgres);
        try
        {
            (await customer.AddAsync(product, 2)).Is(HttpStatusCode.OK);
            Assert.Equal(2, (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body.GetProperty("itemCount").GetInt32());
            IsUnavailable(ResourceNames.Postgres, await customer.GetAsync($"/api/orders/{order}"));
            IsUnavailable(ResourceNames.Postgres, await customer.GetAsync("/api/orders"));
            IsUnavailable(ResourceNames.Postgres, await customer.GetAsync($"/api/orders/{order}/history"));
            IsUnavailable(ResourceNames.Postgres, await customer.CancelAsync(order));
            IsUnavailable(ResourceNames.Postgres, await customer.OrderAsync(product, 1));
            IsUnavailable(ResourceNames.Postgres, await customer.CheckoutAsync());
            IsUnavailable(ResourceNames.Postgres, await customer.GetAsync("/api/operations/outbox", ("X-User-Roles", "orders:operate")));
            var health = (await Answer.ReadAsync(await shop.Api.GetAsync("/health"))).Is(HttpStatusCode.ServiceUnavailable).Body;
            Assert.Equal("Unhealthy", health.GetProperty("status").GetString());
            Assert.Equal(HttpStatusCode.OK, (await shop.Api.GetAsync("/alive")).StatusCode);
        }
        finally
        {
            await shop.StartAsync(ResourceNames.Postgres);
            shop.Database.Clear();
        }

        await Eventually.SeeAsync(() => customer.CheckoutAsync(), answer => answer.Status == HttpStatusCode.Created, "the checkout going through");
        await Eventually.SeeAsync(async () => (await shop.Api.GetAsync("/health")).StatusCode, status => status == HttpStatusCode.OK, "the replica being ready");
        Assert.Equal(api, shop.ProcessOf(ResourceNames.Api));
    }

    [Fact]
    public async Task While_redis_is_away_orders_are_placed_and_read_and_carts_come_back_as_they_were()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        (await customer.AddAsync(product, 3)).Is(HttpStatusCode.OK);
        await shop.KillAsync(ResourceNames.Redis);
        try
        {
            var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
            (await customer.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK);
            (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);
            IsUnavailable(ResourceNames.Redis, await customer.GetAsync("/api/cart"));
            IsUnavailable(ResourceNames.Redis, await customer.AddAsync(product, 1));
            IsUnavailable(ResourceNames.Redis, await customer.CheckoutAsync());
            await HealthSaysAsync("StackExchange.Redis");
        }
        finally
        {
            await shop.StartAsync(ResourceNames.Redis);
        }

        var cart = await Eventually.SeeAsync(() => customer.GetAsync("/api/cart"), seen => seen.Status == HttpStatusCode.OK, "the cart being readable");
        Assert.Equal(3, cart.Body.GetProperty("itemCount").GetInt32());
        (await customer.CheckoutAsync()).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task While_the_product_service_hangs_nothing_is_ordered_and_carts_and_orders_can_be_read()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await customer.AddAsync(product, 2);

        ProcessTree.Pause(shop.ProcessOf(ResourceNames.Products));
        try
        {
            var answers = await Task.WhenAll(customer.OrderAsync(product, 1), customer.CheckoutAsync(), customer.AddAsync(product, 1));

            Assert.All(answers, answer => IsUnavailable(ResourceNames.Products, answer));
            Assert.Equal(2, (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK).Body.GetProperty("itemCount").GetInt32());
            (await customer.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK);
            await HealthSaysAsync(ResourceNames.Products);
        }
        finally
        {
            ProcessTree.Resume(shop.ProcessOf(ResourceNames.Products));
        }

        await Eventually.SeeAsync(() => customer.CheckoutAsync(), seen => seen.Status == HttpStatusCode.Created, "the checkout going through");
        Assert.Equal(2, await shop.ScalarAsync<long>("SELECT count(*) FROM orders WHERE user_id = $1", customer.UserId));

        // Whether it reserved for the requests that got no answer: that stock is free again.
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("reserved").GetInt32() == 3, "only the orders' stock being reserved");
    }

    [Fact]
    public async Task While_the_user_service_hangs_those_go_on_who_ordered_a_moment_ago()
    {
        var (known, unknown) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        (await known.OrderAsync(product, 1)).Is(HttpStatusCode.Created);

        ProcessTree.Pause(shop.ProcessOf(ResourceNames.Users));
        try
        {
            (await known.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
            IsUnavailable(ResourceNames.Users, await unknown.OrderAsync(product, 1));
            await HealthSaysAsync(ResourceNames.Users);

            // As many ask in vain as make its circuit breaker open, which is no other service's.
            var many = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => shop.NewCustomer().OrderAsync(product, 1)));
            Assert.All(many, refused => IsUnavailable(ResourceNames.Users, refused));
            (await known.AddAsync(product, 1)).Is(HttpStatusCode.OK);
            (await known.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
        }
        finally
        {
            ProcessTree.Resume(shop.ProcessOf(ResourceNames.Users));
        }

        await Eventually.SeeAsync(() => unknown.OrderAsync(product, 1), seen => seen.Status == HttpStatusCode.Created, "the order going through");
    }

    [Fact]
    public async Task A_broker_that_comes_back_empty_is_used_again_by_the_same_worker()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 100_000);
        var before = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(before, 1);
        var worker = shop.ProcessOf(ResourceNames.Worker);

        // Some messages are on their way when the broker goes, some wait when it comes back.
        using var enough = new CancellationTokenSource();
        var shopping = Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
            }
        }));
        Guid meanwhile;
        try
        {
            await shop.KillAsync(ResourceNames.Kafka);
            meanwhile = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
            await customer.CancelAsync(meanwhile);
            await shop.StartAsync(ResourceNames.Kafka);
        }
        finally
        {
            await enough.CancelAsync();
            await shopping;
        }

        // A reader of the old broker may go on in the middle of the new one before it starts over: here only a new one sees the order.
        using var log = new KafkaTap(await shop.ConnectionStringAsync(ResourceNames.Kafka), shop.Contract);
        Assert.Equal([1, 2], (await log.WaitAsync(meanwhile, 2)).Select(e => e.Sequence));
        await Eventually.SeeAsync(() => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages"), left => left == 0, "the outbox being empty");
        var after = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(after, 10.00m);
        Assert.Equal(["placed", "confirmed"], (await log.WaitAsync(after, 2)).Select(e => e.Name));
        Assert.Equal(worker, shop.ProcessOf(ResourceNames.Worker));

        await shop.StartReadersOverAsync();
    }

    /// <summary>503 that names what is away and says when to come again.</summary>
    private static void IsUnavailable(string dependency, Answer answer)
    {
        answer.IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.Equal(dependency, answer.Body.GetProperty("dependency").GetString());
        Assert.True(answer.Response.Headers.RetryAfter?.Delta > TimeSpan.Zero, answer.Response.Headers.ToString());
    }

    /// <summary>The API stays ready and tells which dependency is away.</summary>
    private Task<string?> HealthSaysAsync(string check) => Eventually.SeeAsync(
        async () =>
        {
            var health = (await Answer.ReadAsync(await shop.Api.GetAsync("/health"))).Is(HttpStatusCode.OK).Body;
            return health.GetProperty("checks").EnumerateArray().First(seen => seen.GetProperty("name").GetString() == check).GetProperty("status").GetString();
        },
        status => status == "Degraded",
        $"the health check {check} telling");
}
