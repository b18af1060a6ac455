using System.Diagnostics;
using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>An event belongs to the trace of what caused it, whoever sends it and whenever.</summary>
[Collection(OneShop.Name)]
public sealed class TraceTests(ShopFixture shop)
{
    [Fact]
    public async Task Events_carry_the_traces_of_the_requests_that_caused_them()
    {
        var customer = shop.NewCustomer();
        var (placed, cancelled) = (NewTrace(), NewTrace());

        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1, placed.Header)).Is(HttpStatusCode.Created).Id;
        (await customer.SendAsync(HttpMethod.Put, $"/api/orders/{order}/cancel", null, cancelled.Header)).Is(HttpStatusCode.OK);

        Assert.Equal([placed.Id, cancelled.Id], (await shop.Events.WaitAsync(order, 2)).Select(e => e.TraceId));
    }

    [Fact]
    public async Task Events_that_are_sent_later_by_another_worker_carry_them_too()
    {
        var customer = shop.NewCustomer();
        var (first, second) = (NewTrace(), NewTrace());
        var product = await shop.NewProductAsync();
        var (firstOrder, secondOrder) = (Guid.Empty, Guid.Empty);

        await shop.WithoutWorkerAsync(async () =>
        {
            firstOrder = (await customer.OrderAsync(product, 1, first.Header)).Is(HttpStatusCode.Created).Id;
            secondOrder = (await customer.OrderAsync(product, 1, second.Header)).Is(HttpStatusCode.Created).Id;
        });

        Assert.Equal([first.Id], (await shop.Events.WaitAsync(firstOrder, 1)).Select(e => e.TraceId));
        Assert.Equal([second.Id], (await shop.Events.WaitAsync(secondOrder, 1)).Select(e => e.TraceId));
    }

    private static (string Id, (string Name, string Value) Header) NewTrace()
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();
        return (trace, ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"));
    }
}
