using System.Collections.Concurrent;
using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Several workers on one database and one Kafka.</summary>
[Collection(OneShop.Name)]
public sealed class ReplicaTests(ShopFixture shop)
{
    [Fact]
    public async Task Workers_share_the_outbox_and_one_that_is_killed_or_stands_still_loses_its_share_and_no_event()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 100_000);
        using var killed = await WorkerProcess.StartAsync(shop);
        using var still = await WorkerProcess.StartAsync(shop, ("Relay:SessionTimeout", "00:00:05"));
        await SharesAreAsync(10, 11, 11);

        var orders = new ConcurrentBag<Guid>();
        using var enough = new CancellationTokenSource();
        var shopping = Task.WhenAll(Enumerable.Range(0, 3).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
                (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);
                orders.Add(order);
            }
        }));
        try
        {
            await Eventually.SeeAsync(() => orders.Count, placed => placed >= 50, "orders being placed");
            ProcessTree.Kill(killed.Id);
            await SharesAreAsync(16, 16);

            ProcessTree.Pause(still.Id);
            await SharesAreAsync(32);

            ProcessTree.Resume(still.Id);
            await SharesAreAsync(16, 16);
        }
        finally
        {
            await enough.CancelAsync();
            await shopping;
        }

        foreach (var order in orders)
        {
            Assert.Equal([1, 2], (await shop.Events.WaitAsync(order, 2)).Select(e => e.Sequence));
        }

        await Eventually.SeeAsync(() => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages"), left => left == 0, "the outbox being empty");
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("reserved").GetInt32() == 0, "every reservation being released");
    }

    [Fact]
    public async Task A_worker_that_is_asked_to_stop_hands_its_shards_and_its_events_over()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        using var stopping = await WorkerProcess.StartAsync(shop, ("Relay:SessionTimeout", "00:10:00"));
        await SharesAreAsync(16, 16);

        Assert.Equal(0, await stopping.StopAsync());

        await SharesAreAsync(32);
        var orders = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => customer.OrderAsync(product, 1)));
        foreach (var order in orders.Select(answer => answer.Is(HttpStatusCode.Created).Id))
        {
            await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
            await customer.WaitAsync(order, "CONFIRMED");
            Assert.Equal([1, 2], (await shop.Events.WaitAsync(order, 2)).Select(e => e.Sequence));
        }
    }

    [Fact]
    public async Task A_replica_of_the_api_that_is_asked_to_stop_finishes_what_it_has_begun_and_no_request_fails_behind_another_one()
    {
        var limits = ("RateLimits:PerUser", "0");
        using var stopping = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, limits);
        using var staying = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, limits);
        var user = shop.NewCustomer().UserId;
        var (first, second) = (new Customer(stopping.Client, user), new Customer(staying.Client, user));
        var product = await shop.NewProductAsync(stock: 100_000);
        var locked = (await first.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        var placed = new ConcurrentBag<Guid>();
        using var enough = new CancellationTokenSource();
        var shopping = Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                // As behind a load balancer: a replica that lets nobody in, or breaks a connection, is not asked again for this request.
                var key = ("Idempotency-Key", Guid.NewGuid().ToString());
                Answer answer;
                try
                {
                    answer = await first.OrderAsync(product, 1, key);
                }
                catch (HttpRequestException)
                {
                    answer = await second.OrderAsync(product, 1, key);
                }

                placed.Add(answer.Is(HttpStatusCode.Created).Id);
            }
        }));
        try
        {
            await Eventually.SeeAsync(() => placed.Count, count => count >= 40, "orders being placed");
            Task<int> stop;
            Task<Answer> begun;
            await using (var connection = await shop.Database.OpenConnectionAsync())
            await using (var transaction = await connection.BeginTransactionAsync())
            {
                await using var hold = connection.CreateCommand();
                hold.CommandText = "SELECT FROM orders WHERE id = $1 FOR UPDATE";
                hold.Parameters.Add(new() { Value = locked });
                await hold.ExecuteNonQueryAsync();
                begun = first.CancelAsync(locked);
                await Eventually.SeeAsync(() => shop.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))", connection.ProcessID), waits => waits > 0, "the cancellation having begun");
                stop = stopping.StopAsync();
                await Eventually.SeeAsync(() => stopping.Output, output => output.Contains("is shutting down", StringComparison.Ordinal), "the replica stopping");
            }

            (await begun).Is(HttpStatusCode.OK);
            Assert.Equal(0, await stop);
            var before = placed.Count;
            await Eventually.SeeAsync(() => placed.Count, count => count >= before + 40, "orders being placed at the other replica");
        }
        finally
        {
            await enough.CancelAsync();
            await shopping;
        }

        Assert.Equal(placed.Count + 1, await shop.ScalarAsync<long>("SELECT count(*) FROM orders WHERE user_id = $1", user));
    }

    /// <summary>How many shards of the events' channel the relays own, ascending.</summary>
    private Task<string?> SharesAreAsync(params int[] shares) => Eventually.SeeAsync(
        () => shop.ScalarAsync<string>(
            """
            SELECT string_agg(shards::text, ',' ORDER BY shards)
            FROM (SELECT count(*) AS shards FROM pg_locks
                  WHERE locktype = 'advisory' AND granted AND classid::int4 = x'4F524400'::int4
                  GROUP BY pid) AS owners
            """),
        seen => seen == string.Join(',', shares),
        $"shares of {string.Join(", ", shares)}");
}
