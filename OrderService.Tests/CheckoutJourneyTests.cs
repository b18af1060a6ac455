using System.Diagnostics;
using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>The path that everything is there for: from the cart to the customer's door.</summary>
[Collection(OneShop.Name)]
public sealed class CheckoutJourneyTests(ShopFixture shop) : IAsyncLifetime
{
    public Task InitializeAsync() => shop.SetModeAsync("auto");

    public Task DisposeAsync() => shop.SetModeAsync("manual");

    [Fact]
    public async Task A_cart_becomes_an_order_that_is_delivered_and_everybody_is_told_in_order()
    {
        var customer = shop.NewCustomer();
        var lamp = await shop.NewProductAsync(price: 19.99m, stock: 10, name: "Lamp");
        var desk = await shop.NewProductAsync(price: 149.50m, stock: 5, name: "Desk");
        (await customer.AddAsync(lamp, 2)).Is(HttpStatusCode.OK);
        var cart = (await customer.AddAsync(desk, 1)).Is(HttpStatusCode.OK).Body;
        Assert.Equal(189.48m, cart.GetProperty("total").GetDecimal());
        Assert.Equal(3, cart.GetProperty("itemCount").GetInt32());

        var trace = ActivityTraceId.CreateRandom().ToHexString();
        var placed = (await customer.CheckoutAsync(("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"))).Is(HttpStatusCode.Created);

        Assert.Equal($"/api/orders/{placed.Id}", placed.Response.Headers.Location?.ToString());
        Assert.Equal("\"1\"", placed.ETag);
        Assert.Equal("PENDING", placed.OrderStatus);
        Assert.Equal(189.48m, placed.Body.GetProperty("totalAmount").GetDecimal());
        Assert.EndsWith("Z", placed.Body.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, (await customer.GetAsync("/api/cart")).Body.GetProperty("items").GetArrayLength());

        await customer.WaitAsync(placed.Id, "DELIVERED");

        var events = await shop.Events.WaitAsync(placed.Id, 5);
        Assert.Equal(["placed", "confirmed", "processing", "shipped", "delivered"], events.Select(e => e.Name));
        Assert.Equal([1, 2, 3, 4, 5], events.Select(e => e.Sequence));
        Assert.All(events, e =>
        {
            Assert.Equal(placed.Id.ToString(), e.Key);
            Assert.Equal("1.0", e.Headers["ce_specversion"]);
            Assert.Equal(7, Guid.Parse(e.Headers["ce_id"]).Version);
            Assert.Equal(placed.Id.ToString(), e.Headers["ce_subject"]);
            Assert.NotEmpty(e.Headers["ce_source"]);
            Assert.True(DateTimeOffset.TryParse(e.Headers["ce_time"], out _));
            Assert.Equal("application/json", e.Headers["content-type"]);
            Assert.Equal(trace, e.TraceId);
            Assert.Equal(placed.Id, e.Body.GetProperty("orderId").GetGuid());
        });
        Assert.Equal(189.48m, events[0].Body.GetProperty("totalAmount").GetDecimal());
        Assert.Equal(2, events[0].Body.GetProperty("items").GetArrayLength());

        var history = (await customer.GetAsync($"/api/orders/{placed.Id}/history")).Is(HttpStatusCode.OK).Body.GetProperty("items");
        Assert.Equal(
            ["PENDING", "CONFIRMED", "PROCESSING", "SHIPPED", "DELIVERED"],
            history.EnumerateArray().Select(entry => entry.GetProperty("to").GetString()));
        Assert.Equal(
            ["customer", "payment", "warehouse", "carrier", "carrier"],
            history.EnumerateArray().Select(entry => entry.GetProperty("by").GetString()));

        var sold = await Eventually.SeeAsync(
            () => shop.ProductAsync(lamp),
            product => product.GetProperty("sold").GetInt32() == 2,
            "two lamps sold");
        Assert.Equal(0, sold.GetProperty("reserved").GetInt32());
        Assert.Equal(8, sold.GetProperty("available").GetInt32());
    }

    [Fact]
    public async Task An_amount_that_the_simulator_refuses_ends_cancelled_with_the_stock_free_again()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(price: 5.13m, stock: 4);

        var placed = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);

        await customer.WaitAsync(placed.Id, "CANCELLED");
        Assert.Equal(["placed", "cancelled"], (await shop.Events.WaitAsync(placed.Id, 2)).Select(e => e.Name));
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("available").GetInt32() == 4, "the stock being free");
    }
}
