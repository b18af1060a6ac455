using System.Net;
using OrderService.Core.Messaging;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

[Collection(OneShop.Name)]
public sealed class RelayTests(ShopFixture shop)
{
    [Fact]
    public async Task What_kafka_refuses_for_good_is_parked_and_only_its_own_order_waits_behind_it()
    {
        var (customer, other) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(order, 1);

        // Larger than the producer and the broker accept.
        await shop.ScalarAsync<long>(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            VALUES (gen_random_uuid(), $1, $2, 'EVENTS', 2, 'io.cloudforge.order.confirmed.v1', repeat('x', 3000000), now())
            """,
            order,
            OutboxMessage.ShardOf(order));
        await customer.CancelAsync(order);
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>("SELECT error FROM outbox_messages WHERE order_id = $1 AND parked_at IS NOT NULL", order),
            error => error is { Length: > 0 },
            "the message being parked with its reason");

        var unaffected = (await other.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await other.CancelAsync(unaffected);
        Assert.Equal([1, 2], (await shop.Events.WaitAsync(unaffected, 2)).Select(e => e.Sequence));
        Assert.Equal(["placed"], shop.Events.Of(order).Select(e => e.Name));
        Assert.Equal(2, await shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages WHERE order_id = $1 AND channel = 'EVENTS'", order));

        await shop.ScalarAsync<long>("DELETE FROM outbox_messages WHERE order_id = $1 AND parked_at IS NOT NULL", order);
        Assert.Equal(["placed", "cancelled"], (await shop.Events.WaitAsync(order, 2)).Select(e => e.Name));
    }
}
