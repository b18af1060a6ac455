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
