using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.Playwright;
using OrderService.Tests.Shop;
using static Microsoft.Playwright.Assertions;

namespace OrderService.Tests.Pages;

/// <summary>The shop page, in a real browser.</summary>
[Collection(OneShop.Name)]
public sealed class ShopPageTests(ShopFixture shop, Chromium chromium) : IClassFixture<Chromium>, IAsyncLifetime
{
    private static readonly string[] Life = ["Pending", "Confirmed", "Processing", "Shipped", "Delivered"];

    public Task InitializeAsync() => shop.SetModeAsync("auto");

    public Task DisposeAsync() => shop.SetModeAsync("manual");

    [Fact]
    public async Task Somebody_buys_and_watches_the_order_to_the_door_and_finds_its_story_on_the_operations_page()
    {
        var customer = shop.NewCustomer();
        await using var visit = await OpenAsync(customer);

        await visit.Page.Locator("[data-product='P-0001']").ClickAsync();
        await Expect(visit.At("told")).ToContainTextAsync("Compact Steel Lamp is in your cart: 1 piece");
        await visit.Page.GetByLabel("Pieces of Compact Steel Lamp").FillAsync("2");
        await visit.Page.GetByLabel("Pieces of Compact Steel Lamp").BlurAsync();
        await Expect(visit.At("pieces")).ToHaveTextAsync("2 pieces");
        await visit.Page.GetByLabel("Where to send it").FillAsync(Customer.Address);
        await visit.At("order").ClickAsync();

        await Expect(visit.At("track-live")).ToHaveTextAsync("Arrived");
        await Expect(visit.Page.Locator("#track .timeline strong")).ToHaveTextAsync(Life);
        await Expect(visit.At("told")).ToHaveTextAsync("Your order has arrived.");
        await Expect(visit.Page.Locator("#orders .badge")).ToHaveTextAsync(["Delivered"]);
        await Expect(visit.At("cart-empty")).ToBeVisibleAsync();
        var order = Assert.Single((await customer.GetAsync("/api/orders")).Is(HttpStatusCode.OK).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(("DELIVERED", Customer.Address), (order.GetProperty("status").GetString(), order.GetProperty("shippingAddress").GetString()));

        await visit.Page.Locator("#track a").ClickAsync();
        await Expect(visit.Page.Locator("#story .timeline strong")).ToHaveTextAsync(Life);
        await Expect(visit.At("story")).ToContainTextAsync(order.GetProperty("id").GetString()!);
        visit.WentWell();
    }

    [Fact]
    public async Task A_purchase_takes_no_mouse()
    {
        var customer = shop.NewCustomer();
        await using var visit = await chromium.OpenAsync(shop.Api.BaseAddress!, "/shop");
        var keys = visit.Page.Keyboard;
        await Expect(visit.Page.Locator("#shelf > li")).ToHaveCountAsync(24);

        await visit.TabToAsync("#customer");
        await keys.TypeAsync(NumberOf(customer));
        await visit.TabToAsync("[data-product='P-0002']");
        await Expect(visit.At("customer")).ToHaveValueAsync(NumberOf(customer));
        await keys.PressAsync("Enter");
        await Expect(visit.At("pieces")).ToHaveTextAsync("1 piece");
        await visit.TabToAsync("#quantity-P-0002");
        await keys.PressAsync("ArrowUp");
        await Expect(visit.At("pieces")).ToHaveTextAsync("2 pieces");
        await visit.TabToAsync("#address");
        await keys.TypeAsync(Customer.Address);
        await visit.TabToAsync("#order");
        await keys.PressAsync("Enter");

        await Expect(visit.At("track-title")).ToBeFocusedAsync();
        await Expect(visit.At("track-live")).ToHaveTextAsync("Arrived");
        Assert.Single((await customer.GetAsync("/api/orders?status=DELIVERED")).Body.GetProperty("items").EnumerateArray());
        visit.WentWell();
    }

    [Fact]
    public async Task What_the_shop_refuses_is_told_in_words()
    {
        var customer = shop.NewCustomer();
        var lamp = await shop.NewProductAsync(price: 10.00m, stock: 100, name: "Reading Lamp");
        (await customer.AddAsync(lamp, 3)).Is(HttpStatusCode.OK);
        await using var visit = await OpenAsync(customer);
        await Expect(visit.At("pieces")).ToHaveTextAsync("3 pieces");

        await visit.At("order").ClickAsync();
        await Expect(visit.At("address-error")).ToContainTextAsync("Where should it go?");
        await Expect(visit.Page.GetByLabel("Where to send it")).ToBeFocusedAsync();

        await visit.Page.GetByLabel("Where to send it").FillAsync(Customer.Address);
        await shop.PutProductAsync(lamp, 12.00m, 100, name: "Reading Lamp");
        await visit.At("order").ClickAsync();
        await Expect(visit.At("trouble")).ToContainTextAsync("Prices have changed");
        await Expect(visit.At("trouble")).ToContainTextAsync("Reading Lamp: was €10.00, is €12.00");
        await Expect(visit.At("total")).ToHaveTextAsync("€36.00");

        await shop.PutProductAsync(lamp, 12.00m, 1, name: "Reading Lamp");
        await visit.At("order").ClickAsync();
        await Expect(visit.At("trouble")).ToContainTextAsync("Reading Lamp: you want 3, 1 is left");

        (await customer.SendAsync(HttpMethod.Delete, "/api/cart", null)).Is(HttpStatusCode.NoContent);
        await visit.At("order").ClickAsync();
        await Expect(visit.At("trouble")).ToContainTextAsync("Your cart is empty");
        await Expect(visit.At("cart-empty")).ToBeVisibleAsync();
        Assert.Equal(0, (await customer.GetAsync("/api/orders")).Body.GetProperty("items").GetArrayLength());
    }

    [Fact]
    public async Task The_products_are_those_of_the_product_service_and_bad_pages_are_refused()
    {
        using var first = await shop.Api.GetAsync("/shop/products");
        var shelf = (await Answer.ReadAsync(first)).Is(HttpStatusCode.OK).Body;
        var product = shelf.GetProperty("items")[0];

        Assert.Equal(24, shelf.GetProperty("items").GetArrayLength());
        Assert.Equal(
            (await shop.ProductAsync("P-0001")).GetProperty("name").GetString(), product.GetProperty("name").GetString());
        (await Answer.ReadAsync(await shop.Api.GetAsync("/shop/products?page=-1"))).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.Equal(JsonValueKind.Array, (await Answer.ReadAsync(await shop.Api.GetAsync("/shop/products?page=10000"))).Body.GetProperty("items").ValueKind);
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 360)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task It_has_no_barriers_and_fits_the_screen(ColorScheme colors, int width)
    {
        var customer = shop.NewCustomer();
        (await customer.OrderAsync("P-0001", 1)).Is(HttpStatusCode.Created);
        (await customer.AddAsync("P-0003", 2)).Is(HttpStatusCode.OK);
        await using var visit = await OpenAsync(customer, colors, width);
        await Expect(visit.At("track-live")).ToHaveTextAsync("Arrived");

        await Barriers.HasNoneAsync(visit.Page, width);
        visit.WentWell();
    }

    private async Task<Visit> OpenAsync(Customer customer, ColorScheme colors = ColorScheme.Light, int width = 1280)
    {
        var visit = await chromium.OpenAsync(shop.Api.BaseAddress!, "/shop", colors, width);
        var (field, number) = (visit.At("customer"), NumberOf(customer));
        await Expect(field).Not.ToHaveValueAsync("");
        if (await field.InputValueAsync() != number)
        {
            // Whom the page begins with is told nothing.
            await field.FillAsync(number);
            await field.BlurAsync();
            await Expect(visit.At("told")).ToHaveTextAsync($"You are customer {number} now.");
        }

        return visit;
    }

    /// <summary>Which of the seeded customers it is.</summary>
    private static string NumberOf(Customer customer) =>
        int.Parse(customer.UserId.ToString("N")[20..], NumberStyles.HexNumber, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture);
}
