using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Topics by type of event, as a setting of the worker.</summary>
[Collection(OneShop.Name)]
public sealed class TopicTests(ShopFixture shop)
{
    [Fact]
    public async Task A_type_goes_to_each_of_the_topics_that_the_settings_name_for_it()
    {
        var customer = shop.NewCustomer();
        using var created = new KafkaTap(await shop.ConnectionStringAsync(ResourceNames.Kafka), shop.Contract, "cloudforge.orders.created");
        using var cancelled = new KafkaTap(await shop.ConnectionStringAsync(ResourceNames.Kafka), shop.Contract, "cloudforge.orders.cancelled");
        var order = Guid.Empty;
        await shop.WithoutWorkerAsync(async () =>
        {
            using var worker = await WorkerProcess.StartAsync(
                shop,
                ("Topics:ByType:placed", "cloudforge.orders,cloudforge.orders.created"),
                ("Topics:ByType:cancelled", "cloudforge.orders.cancelled"));
            order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
            await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
            await customer.WaitAsync(order, "CONFIRMED");
            await customer.CancelAsync(order);
            await Eventually.SeeAsync(
                () => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages WHERE order_id = $1", order), left => left == 0, "everything being sent");
        });

        Assert.Equal(["placed"], (await created.WaitAsync(order, 1)).Select(e => e.Name));
        Assert.Equal(["cancelled"], (await cancelled.WaitAsync(order, 1)).Select(e => e.Name));
        Assert.Equal(["placed", "confirmed", "refund-required"], (await shop.Events.WaitAsync(order, 3)).Select(e => e.Name));
        Assert.Equal((await created.WaitAsync(order, 1))[0].Id, shop.Events.Of(order)[0].Id);
    }

    [Fact]
    public async Task A_worker_with_a_topic_that_cannot_be_does_not_start_and_says_which_setting_is_wrong()
    {
        using var worker = await WorkerProcess.StartAsync(shop, ("Topics:ByType:created", "cloudforge.orders.created"), ("Topics:Orders", "cloudforge orders"));

        var (exitCode, output) = await worker.WaitForExitAsync();

        Assert.NotEqual(0, exitCode);
        Assert.Contains("The setting Topics:ByType:created ", output, StringComparison.Ordinal);
        Assert.Contains("The setting Topics:Orders ", output, StringComparison.Ordinal);
    }
}
