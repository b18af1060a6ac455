using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>GET /api/orders/{id}/events: an order followed live.</summary>
[Collection(OneShop.Name)]
public sealed class TrackingTests(ShopFixture shop)
{
    /// <summary>What arrives sooner was notified.</summary>
    private static readonly (string, string) HardlyEverPolls = ("Tracking:PollInterval", "00:05:00");

    [Fact]
    public async Task An_order_is_followed_from_its_history_to_the_door()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await customer.WaitAsync(order, "CONFIRMED");

        using var stream = await customer.FollowAsync(order);
        await stream.WaitAsync("CONFIRMED");
        foreach (var (step, status) in new[] { ("picked", "PROCESSING"), ("picked-up", "SHIPPED"), ("delivered", "DELIVERED") })
        {
            await shop.Publisher.FulfilledAsync(step, order);
            await stream.WaitAsync(status);
        }

        await stream.Ended.WaitAsync(Eventually.Deadline);
        Assert.Equal(["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED"], stream.Events.Select(e => e.To));
        Assert.Equal("no-store", stream.Response.Headers.GetValues("Cache-Control").Single());
        Assert.Equal("no", stream.Response.Headers.GetValues("X-Accel-Buffering").Single());
        var history = (await customer.GetAsync($"/api/orders/{order}/history")).Body.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(history.Select(entry => entry.ToString()), stream.Events.Select(e => e.Data.ToString()));
        Assert.Equal(history.Select(entry => entry.GetProperty("sequence").GetInt32()), stream.Events.Select(e => e.Id));
    }

    [Fact]
    public async Task Who_comes_back_goes_on_after_the_last_event()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await customer.WaitAsync(order, "CONFIRMED");

        using var seenPlaced = await customer.FollowAsync(order, "1");
        using var seenAll = await customer.FollowAsync(order, "2");
        await seenPlaced.WaitAsync("CONFIRMED");
        await customer.CancelAsync(order);
        await Task.WhenAll(seenPlaced.Ended, seenAll.Ended).WaitAsync(Eventually.Deadline);

        Assert.Equal([2, 3], seenPlaced.Events.Select(e => e.Id));
        Assert.Equal([3], seenAll.Events.Select(e => e.Id));
    }

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99")]
    [InlineData("99999999999999999999")]
    public async Task What_is_no_id_of_an_event_starts_over(string lastEventId)
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;

        using var stream = await customer.FollowAsync(order, lastEventId);
        await stream.WaitAsync("PENDING");
        await customer.CancelAsync(order);

        await stream.Ended.WaitAsync(Eventually.Deadline);
        Assert.Equal([1, 2], stream.Events.Select(e => e.Id));
    }

    [Fact]
    public async Task A_finished_order_is_told_once_and_who_has_it_all_is_sent_away()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await customer.CancelAsync(order);

        using var first = await customer.FollowAsync(order);
        using var second = await customer.FollowAsync(order, "1");
        await Task.WhenAll(first.Ended, second.Ended).WaitAsync(Eventually.Deadline);

        Assert.Equal([1, 2], first.Events.Select(e => e.Id));
        Assert.Equal([2], second.Events.Select(e => e.Id));
        (await customer.GetAsync($"/api/orders/{order}/events", ("Last-Event-ID", "2"))).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task A_replica_tells_what_other_processes_did_and_does_not_wait_for_its_own_look()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        using var replica = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, HardlyEverPolls);
        var there = new Customer(replica.Client, customer.UserId);
        var paid = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        var cancelled = (await there.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;

        using var ofWorker = await there.FollowAsync(paid);
        using var ofApi = await there.FollowAsync(cancelled);
        using var elsewhere = await customer.FollowAsync(cancelled);
        await shop.Publisher.PaymentSucceededAsync(paid, 10.00m);
        await customer.CancelAsync(cancelled);

        await ofWorker.WaitAsync("CONFIRMED");
        await Task.WhenAll(ofApi.Ended, elsewhere.Ended).WaitAsync(Eventually.Deadline);
        Assert.Equal(["PENDING", "CANCELLED"], ofApi.Events.Select(e => e.To));
        Assert.Equal(["PENDING", "CANCELLED"], elsewhere.Events.Select(e => e.To));
    }

    [Fact]
    public async Task A_step_that_nobody_was_notified_of_is_found()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        using var stream = await customer.FollowAsync(order);
        await stream.WaitAsync("PENDING");

        await shop.ScalarAsync<int>(
            """
            INSERT INTO order_history (order_id, sequence, from_status, to_status, at, reason, by)
            VALUES ($1, 4, 'PENDING', 'CONFIRMED', now(), 'Paid', 'payment'), ($1, 7, 'CONFIRMED', 'CANCELLED', now(), 'No wish', 'customer')
            """,
            order);

        await stream.Ended.WaitAsync(Eventually.Deadline);
        Assert.Equal([1, 4, 7], stream.Events.Select(e => e.Id));
    }

    [Fact]
    public async Task Streams_stay_open_while_the_database_is_away_and_go_on_when_it_is_back()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        using var replica = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("Tracking:Heartbeat", "00:00:01"), ("Tracking:PollInterval", "00:00:01"));
        using var here = await customer.FollowAsync(order);
        using var there = await new Customer(replica.Client, customer.UserId).FollowAsync(order);
        await Task.WhenAll(here.WaitAsync("PENDING"), there.WaitAsync("PENDING"));

        await shop.KillAsync(ResourceNames.Postgres);
        var beats = there.Heartbeats;
        await Eventually.SeeAsync(() => there.Heartbeats, seen => seen >= beats + 3, "heartbeats without a database");
        await shop.StartAsync(ResourceNames.Postgres);
        shop.Database.Clear();
        await Eventually.SeeAsync(() => customer.CancelAsync(order), answer => answer.Status == HttpStatusCode.OK, "the order being cancelled");

        await Task.WhenAll(here.Ended, there.Ended).WaitAsync(Eventually.Deadline);
        Assert.Equal([1, 2], here.Events.Select(e => e.Id));
        Assert.Equal([1, 2], there.Events.Select(e => e.Id));
    }

    [Fact]
    public async Task Many_who_follow_take_no_sessions_of_the_database()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 1_000);
        var orders = new List<Guid>();
        for (var i = 0; i < 30; i++)
        {
            orders.Add((await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        }

        var before = await SessionsAsync();
        var streams = new List<EventStream>();
        try
        {
            foreach (var order in Enumerable.Repeat(orders, 10).SelectMany(all => all))
            {
                streams.Add(await customer.FollowAsync(order));
            }

            // Other parts of the shop come and go meanwhile, but not by the hundred.
            Assert.InRange(await SessionsAsync(), 1, before + 10);
            await Task.WhenAll(orders.Select(order => customer.CancelAsync(order)));
            await Task.WhenAll(streams.Select(stream => stream.Ended)).WaitAsync(Eventually.Deadline);
        }
        finally
        {
            streams.ForEach(stream => stream.Dispose());
        }

        Assert.All(streams, stream => Assert.Equal([1, 2], stream.Events.Select(e => e.Id)));

        Task<long> SessionsAsync() => shop.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()");
    }

    [Fact]
    public async Task An_api_that_is_to_stop_ends_its_streams_and_stops()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        using var replica = await ApiProcess.StartAsync(shop, ApiProcess.Gateway);
        using var stream = await new Customer(replica.Client, customer.UserId).FollowAsync(order);
        await stream.WaitAsync("PENDING");

        var exitCode = await replica.StopAsync();

        await stream.Ended.WaitAsync(Eventually.Deadline);
        Assert.Equal(0, exitCode);
        Assert.Equal(JsonValueKind.Null, Assert.Single(stream.Events).Data.GetProperty("from").ValueKind);
    }
}
