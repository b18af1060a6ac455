using Microsoft.Extensions.DependencyInjection;
using OrderService.Client;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>The typed client, used as its package is: through the container, and against the running graph.</summary>
[Collection(OneShop.Name)]
public sealed class ClientTests(ShopFixture shop)
{
    private const string Address = "1 Main Street, Springfield";

    [Fact]
    public async Task A_cart_is_filled_checked_out_read_listed_followed_and_cancelled()
    {
        await using var services = Services(shop.NewCustomer());
        var client = services.GetRequiredService<IOrderServiceClient>();
        var product = await shop.NewProductAsync(12.50m);
        var key = Guid.NewGuid().ToString();

        CartResponse cart = await client.AddToCartAsync(new AddToCartRequest { ProductId = product, Quantity = 2 });
        var placed = await client.CheckoutAsync(new CheckoutRequest { ShippingAddress = Address, Notes = "Ring twice" }, idempotencyKey: key);
        var repeated = await client.CheckoutAsync(new CheckoutRequest { ShippingAddress = Address, Notes = "Ring twice" }, idempotencyKey: key);
        OrderResponse read = await client.GetOrderAsync(placed.Result.Id);
        OrderPage page = await client.ListOrdersAsync(status: OrderStatus.PENDING, from: DateTimeOffset.UtcNow.AddHours(-1), size: 10, includeTotal: true);
        OrderResponse cancelled = await client.CancelOrderAsync(placed.Result.Id, placed.ETag, new CancelOrderRequest { Reason = "Changed my mind" });
        var followed = new List<OrderTransition>();
        await foreach (var step in client.TrackOrderAsync(placed.Result.Id))
        {
            followed.Add(step);
        }

        Assert.Equal((25.00m, 2), (cart.Total, Assert.Single(cart.Items).Quantity));
        Assert.Equal((201, "\"1\"", false, true), (placed.StatusCode, placed.ETag, placed.IsReplay, repeated.IsReplay));
        Assert.Equal(placed.Result.Id, repeated.Result.Id);
        Assert.Equal((OrderStatus.PENDING, 25.00m, "Ring twice", placed.Result.CreatedAt), (read.Status, read.TotalAmount, read.Notes, read.CreatedAt));
        Assert.Equal(((int?)1, read.Id), (page.TotalItems, Assert.Single(page.Items).Id));
        Assert.Equal(OrderStatus.CANCELLED, cancelled.Status);
        Assert.Equal([OrderStatus.PENDING, OrderStatus.CANCELLED], followed.Select(step => step.To));
        Assert.Equal([null, OrderStatus.PENDING], followed.Select(step => step.From));
    }

    [Fact]
    public async Task What_goes_wrong_is_an_exception_that_names_the_problem()
    {
        await using var services = Services(shop.NewCustomer());
        var client = services.GetRequiredService<IOrderServiceClient>();
        var product = await shop.NewProductAsync(stock: 1);

        var empty = await Assert.ThrowsAsync<OrderServiceException>(() => client.CheckoutAsync(new CheckoutRequest { ShippingAddress = Address }));
        var few = await Assert.ThrowsAsync<OrderServiceException>(() => client.PlaceOrderAsync(
            new PlaceOrderRequest { ShippingAddress = Address, Items = [new RequestedLine { ProductId = product, Quantity = 3 }] }));
        var bad = await Assert.ThrowsAsync<OrderServiceException>(() => client.AddToCartAsync(new AddToCartRequest { ProductId = product, Quantity = 0 }));
        var unknown = await Assert.ThrowsAsync<OrderServiceException>(async () => await client.TrackOrderAsync(Guid.NewGuid()).GetAsyncEnumerator().MoveNextAsync());

        Assert.Equal((409, ProblemNames.CartEmpty), (empty.StatusCode, empty.Problem?.Name));
        Assert.StartsWith("Cart empty: ", empty.Message, StringComparison.Ordinal);
        Assert.Equal(ProblemNames.InsufficientStock, few.Problem?.Name);
        Assert.Equal([(product, 3, 1)], few.Problem!.Get<Shortage[]>("shortages")!.Select(shortage => (shortage.ProductId, shortage.Requested, (int)shortage.Available)));
        Assert.Equal((ProblemNames.Validation, "quantity"), (bad.Problem?.Name, Assert.Single(bad.Problem!.Errors!).Key));
        Assert.NotEmpty(bad.Problem.TraceId!);
        Assert.Equal((404, ProblemNames.OrderNotFound), (unknown.StatusCode, unknown.Problem?.Name));
    }

    private ServiceProvider Services(Customer customer)
    {
        var services = new ServiceCollection();
        services.AddOrderServiceClient(shop.Api.BaseAddress)
            .ConfigureHttpClient(http => http.DefaultRequestHeaders.Add("X-User-Id", customer.UserId.ToString()));
        return services.BuildServiceProvider();
    }
}
