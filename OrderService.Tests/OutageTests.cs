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
        Assert.Equal(worker, shop.ProcessOf(ResourceNames.Worker));
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
        using var log = new KafkaTap(await shop.ConnectionStringAsync(ResourceNames.Kafka));
        Assert.Equal([1, 2], (await log.WaitAsync(meanwhile, 2)).Select(e => e.Sequence));
        await Eventually.SeeAsync(() => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages"), left => left == 0, "the outbox being empty");
        var after = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(after, 10.00m);
        Assert.Equal(["placed", "confirmed"], (await log.WaitAsync(after, 2)).Select(e => e.Name));
        Assert.Equal(worker, shop.ProcessOf(ResourceNames.Worker));

        await shop.StartReadersOverAsync();
    }
}
