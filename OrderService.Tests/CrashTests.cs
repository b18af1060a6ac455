using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Processes that are killed where it hurts.</summary>
[Collection(OneShop.Name)]
public sealed class CrashTests(ShopFixture shop)
{
    [Fact]
    public async Task What_was_committed_before_the_worker_was_killed_is_sent_by_the_next_one()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        ProcessTree.Pause(shop.ProcessOf(ResourceNames.Worker));

        // Committed while the worker can't have seen it: between commit and send.
        var orders = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            orders.Add((await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
            await customer.CancelAsync(orders[^1]);
        }

        await shop.KillAsync(ResourceNames.Worker);
        await shop.StartAsync(ResourceNames.Worker);

        foreach (var order in orders)
        {
            Assert.Equal([1, 2], (await shop.Events.WaitAsync(order, 2)).Select(e => e.Sequence));
        }

        await OutboxIsEmptyAsync();
    }

    [Fact]
    public async Task What_was_sent_but_not_acknowledged_when_the_worker_was_killed_is_sent_again_in_order()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var warmUp = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(warmUp, 1);
        var broker = shop.ProcessOf(ResourceNames.Kafka);

        // The relay hands the events to a broker that takes them and answers nothing: between send and acknowledgement.
        ProcessTree.Pause(broker);
        List<Guid> orders;
        try
        {
            orders = [.. (await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => customer.OrderAsync(product, 1)))).Select(order => order.Is(HttpStatusCode.Created).Id)];
            await Task.WhenAll(orders.Select(order => customer.CancelAsync(order)));
            await Eventually.SeeAsync(() => RelayReadAsync(), read => read, "the relay having read the rows");
            await shop.KillAsync(ResourceNames.Worker);
        }
        finally
        {
            ProcessTree.Resume(broker);
        }

        await shop.StartAsync(ResourceNames.Worker);

        foreach (var order in orders)
        {
            await shop.Events.WaitAsync(order, 2);
            var arrived = shop.Events.Of(order).Select(e => e.Sequence).ToList();
            Assert.True(arrived.IndexOf(1) < arrived.IndexOf(2), $"Overtaken: {string.Join(", ", arrived)}");
        }

        await OutboxIsEmptyAsync();

        // The relay's session is idle again after it has read: what it read is on its way to the broker.
        Task<bool> RelayReadAsync() => shop.ScalarAsync<bool>(
            """
            SELECT count(*) > 0 FROM pg_stat_activity
            WHERE state = 'idle' AND query LIKE '%FROM outbox_messages%' AND state_change > (SELECT max(occurred_at) FROM outbox_messages WHERE channel = 'EVENTS')
            """);
    }

    [Fact]
    public async Task Orders_can_be_placed_while_the_worker_is_away_and_the_api_stays_ready()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        await shop.KillAsync(ResourceNames.Worker);

        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        using var health = await shop.Api.GetAsync("/health");
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);

        await shop.StartAsync(ResourceNames.Worker);
        Assert.Equal(["placed"], (await shop.Events.WaitAsync(order, 1)).Select(e => e.Name));
    }

    private Task<long> OutboxIsEmptyAsync() => Eventually.SeeAsync(
        () => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages"), left => left == 0, "the outbox being empty");
}
