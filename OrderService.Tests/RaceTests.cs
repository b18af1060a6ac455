using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Several hands on one order at once.</summary>
[Collection(OneShop.Name)]
public sealed class RaceTests(ShopFixture shop)
{
    [Fact]
    public async Task Cancellations_and_a_payment_at_once_leave_one_history_without_holes()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 1_000);
        for (var round = 0; round < 10; round++)
        {
            var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;

            var payment = shop.Publisher.PaymentSucceededAsync(order, 10.00m);
            var cancellations = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => customer.CancelAsync(order)));
            await payment;

            Assert.All(cancellations, answer => answer.Is(HttpStatusCode.OK));
            var events = await Eventually.SeeAsync(
                () => shop.Events.Of(order).DistinctBy(e => e.Id).ToList(),
                seen => seen.Any(e => e.Name == "refund-required"),
                "the refund of what was paid");
            Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.Sequence));
            Assert.Single(events, e => e.Name == "cancelled");
            Assert.Equal(0, await shop.ScalarAsync<long>("SELECT count(*) FROM parked_messages WHERE key = $1", order.ToString()));
        }
    }
}
