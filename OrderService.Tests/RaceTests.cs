using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Several hands on one order at once.</summary>
[Collection(OneShop.Name)]
public sealed class RaceTests(ShopFixture shop)
{
    [Fact]
    public async Task A_hundred_and_twenty_buyers_of_fifty_pieces_get_fifty_orders()
    {
        var product = await shop.NewProductAsync(stock: 50);
        var buyers = Enumerable.Range(0, 120).Select(_ => shop.NewCustomer()).ToList();

        var answers = await Task.WhenAll(buyers.Select((buyer, i) => i % 2 == 0 ? buyer.OrderAsync(product, 1) : CheckOutAsync(buyer)));

        Assert.Equal(50, answers.Count(answer => answer.Status == HttpStatusCode.Created));
        Assert.All(
            answers.Where(answer => answer.Status != HttpStatusCode.Created),
            answer => Assert.Equal(product, answer.IsProblem(HttpStatusCode.Conflict, "insufficient-stock").Body.GetProperty("shortages")[0].GetProperty("productId").GetString()));
        Assert.Equal(50, await shop.ScalarAsync<long>("SELECT sum(quantity) FROM order_items WHERE product_id = $1", product));
        Assert.Equal((50, 0), ((await shop.ProductAsync(product)).GetProperty("reserved").GetInt32(), (await shop.ProductAsync(product)).GetProperty("available").GetInt32()));

        async Task<Answer> CheckOutAsync(Customer buyer)
        {
            (await buyer.AddAsync(product, 1)).Is(HttpStatusCode.OK);
            return await buyer.CheckoutAsync();
        }
    }

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
