using System.Net;
using System.Net.Http.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What the order service relies on in the Product service.</summary>
[Collection(OneShop.Name)]
public sealed class ReservationTests(ShopFixture shop)
{
    [Fact]
    public async Task A_reservation_that_nobody_commits_ends_by_itself()
    {
        var product = await shop.NewProductAsync(stock: 3);
        using var reserved = await shop.Products.PutAsJsonAsync(
            $"/api/reservations/{Guid.NewGuid()}",
            new { items = new[] { new { productId = product, quantity = 3 } }, expiresAt = DateTimeOffset.UtcNow.AddSeconds(2) });
        Assert.Equal(HttpStatusCode.OK, reserved.StatusCode);

        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("available").GetInt32() == 3, "the stock being free again");
    }

    [Fact]
    public async Task The_reservation_of_an_order_outlives_the_time_to_pay_it()
    {
        var order = (await shop.NewCustomer().OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created);

        var reservation = (await Answer.ReadAsync(await shop.Products.GetAsync($"/api/reservations/{order.Id}"))).Is(HttpStatusCode.OK).Body;

        var placed = order.Body.GetProperty("createdAt").GetDateTimeOffset();
        Assert.InRange(reservation.GetProperty("expiresAt").GetDateTimeOffset() - placed, TimeSpan.FromMinutes(31), TimeSpan.FromHours(1));
    }
}
