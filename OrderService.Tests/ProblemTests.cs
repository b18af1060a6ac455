using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What is wrong is said as RFC 9457 says it, and never as a 500.</summary>
[Collection(OneShop.Name)]
public sealed class ProblemTests(ShopFixture shop)
{
    private const string Orders = "/api/orders";
    private const string TooLong = "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345";

    [Fact]
    public async Task Without_an_identity_nobody_gets_in()
    {
        foreach (var path in new[] { "/api/cart", Orders, $"{Orders}/{Guid.NewGuid()}" })
        {
            (await Answer.ReadAsync(await shop.Api.GetAsync(path))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/cart");
        request.Headers.Add("X-User-Id", "not a uuid");
        (await Answer.ReadAsync(await shop.Api.SendAsync(request))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task Unknown_routes_methods_and_content_types_are_problems_as_well()
    {
        var customer = shop.NewCustomer();

        (await customer.GetAsync("/api/nothing")).IsProblem(HttpStatusCode.NotFound, "not-found");
        (await customer.GetAsync($"{Orders}/not-a-uuid")).IsProblem(HttpStatusCode.NotFound, "order-not-found");
        (await customer.SendAsync(HttpMethod.Patch, "/api/cart", null)).IsProblem(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        (await customer.SendAsync(HttpMethod.Post, Orders, new StringContent("<order/>", Encoding.UTF8, "text/xml")))
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
    }

    [Fact]
    public async Task A_body_above_64_KiB_is_too_large() =>
        (await shop.NewCustomer().SendAsync(HttpMethod.Post, Orders, Json($$"""{"notes":"{{new string('x', 70_000)}}"}""")))
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");

    [Fact]
    public async Task What_is_just_within_the_limits_is_an_order_and_what_is_just_above_them_is_not()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 10_000);

        (await OrderAsync(1_000, 1, 500)).Is(HttpStatusCode.Created);
        (await OrderAsync(1, 100, 500)).Is(HttpStatusCode.Created);
        Names("items[0].quantity", await OrderAsync(1_001, 1, 500));
        Names("items[0].quantity", await OrderAsync(0, 1, 500));
        Names("items", await OrderAsync(1, 101, 500));
        Names("items", await OrderAsync(11, 100, 500));
        Names("shippingAddress", await OrderAsync(1, 1, 501));

        var frame = JsonSerializer.Serialize(new { items = new[] { new { productId = product, quantity = 1 } }, shippingAddress = "here", unknown = "" });
        var padding = new string('x', (64 * 1024) - frame.Length);
        (await customer.SendAsync(HttpMethod.Post, Orders, Json(frame.Replace("\"\"", $"\"{padding}\"", StringComparison.Ordinal)))).Is(HttpStatusCode.Created);
        (await customer.SendAsync(HttpMethod.Post, Orders, Json(frame.Replace("\"\"", $"\"{padding}x\"", StringComparison.Ordinal))))
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");

        Task<Answer> OrderAsync(int quantity, int lines, int address) => customer.SendAsync(HttpMethod.Post, Orders, new
        {
            items = Enumerable.Repeat(new { productId = product, quantity }, lines),
            shippingAddress = new string('x', address),
        });

        static void Names(string field, Answer answer) => Assert.True(
            answer.IsProblem(HttpStatusCode.BadRequest, "validation").Body.GetProperty("errors").TryGetProperty(field, out _), answer.ToString());
    }

    [Fact]
    public async Task A_character_counts_once_however_it_is_encoded()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();

        var placed = (await OrderAsync(500)).Is(HttpStatusCode.Created);
        Assert.Equal(Houses(500), (await customer.GetAsync($"{Orders}/{placed.Id}")).Body.GetProperty("shippingAddress").GetString());
        (await OrderAsync(501)).IsProblem(HttpStatusCode.BadRequest, "validation");

        Task<Answer> OrderAsync(int characters) => customer.SendAsync(
            HttpMethod.Post, Orders, new { items = new[] { new { productId = product, quantity = 1 } }, shippingAddress = Houses(characters) });

        static string Houses(int count) => string.Concat(Enumerable.Repeat("\U0001F3E0", count));
    }

    [Theory]
    [InlineData("""{"items":[],"shippingAddress":"here"}""", "items")]
    [InlineData("""{"shippingAddress":"here"}""", "items")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1}]}""", "shippingAddress")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1}],"shippingAddress":"   "}""", "shippingAddress")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":0}],"shippingAddress":"here"}""", "items[0].quantity")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1001}],"shippingAddress":"here"}""", "items[0].quantity")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1},{"productId":"","quantity":1}],"shippingAddress":"here"}""", "items[1].productId")]
    [InlineData("""{"items":[{"quantity":1}],"shippingAddress":"here"}""", "items[0].productId")]
    [InlineData("""{"items":[null],"shippingAddress":"here"}""", "items[0]")]
    [InlineData("""{"items":[{"productId":"P\u0000","quantity":1}],"shippingAddress":"here"}""", "items[0].productId")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1}],"shippingAddress":"he\u0000re"}""", "shippingAddress")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1}],"shippingAddress":"here","notes":"\ud800"}""", "notes")]
    public async Task Bad_input_is_named_by_field(string body, string field)
    {
        var problem = (await shop.NewCustomer().SendAsync(HttpMethod.Post, Orders, Json(body))).IsProblem(HttpStatusCode.BadRequest, "validation");

        var errors = problem.Body.GetProperty("errors");
        Assert.True(errors.TryGetProperty(field, out var messages), errors.ToString());
        Assert.NotEmpty(messages[0].GetString()!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("\"text\"")]
    [InlineData("""{"items":"no list","shippingAddress":"here"}""")]
    [InlineData("""{"items":[{"productId":17,"quantity":1}],"shippingAddress":"here"}""")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":"1"}],"shippingAddress":"here"}""")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1.5}],"shippingAddress":"here"}""")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":99999999999999999999}],"shippingAddress":"here"}""")]
    [InlineData("""{"items":[{"productId":"P-0001","quantity":1}],"items":[],"shippingAddress":"here"}""")]
    public async Task What_is_not_the_json_of_the_route_is_refused(string body) =>
        Assert.Equal(HttpStatusCode.BadRequest, (await shop.NewCustomer().SendAsync(HttpMethod.Post, Orders, Json(body))).Status);

    [Fact]
    public async Task Invalid_utf8_and_deep_nesting_are_refused()
    {
        var customer = shop.NewCustomer();
        var deep = string.Concat(Enumerable.Repeat("""{"items":[""", 500));

        Assert.Equal(HttpStatusCode.BadRequest, (await customer.SendAsync(HttpMethod.Post, Orders, Json(deep))).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await customer.SendAsync(HttpMethod.Post, Orders, Json([.. "{\"shippingAddress\":\""u8, 0xC3, 0x28, .. "\"}"u8]))).Status);
    }

    [Theory]
    [InlineData("page=-1")]
    [InlineData("page=x")]
    [InlineData("size=0")]
    [InlineData("size=101")]
    [InlineData("page=99999999999999999999")]
    [InlineData("status=LOST")]
    [InlineData("status=0")]
    public async Task Bad_list_parameters_are_named(string query)
    {
        var problem = (await shop.NewCustomer().GetAsync($"{Orders}?{query}")).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(problem.Body.GetProperty("errors").TryGetProperty(query.Split('=')[0], out _), problem.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    [InlineData(TooLong)]
    public async Task A_bad_idempotency_key_is_refused(string key) => Assert.Equal(
        HttpStatusCode.BadRequest,
        (await shop.NewCustomer().OrderAsync("P-0001", 1, ("Idempotency-Key", key))).Status);

    [Fact]
    public async Task Overlong_ids_are_refused_or_unknown()
    {
        var customer = shop.NewCustomer();
        var id = new string('x', 5_000);

        (await customer.AddAsync(id, 1)).IsProblem(HttpStatusCode.BadRequest, "validation");
        Assert.Equal(HttpStatusCode.NotFound, (await customer.GetAsync($"{Orders}/{id}")).Status);
        Assert.Contains((await customer.SendAsync(HttpMethod.Delete, $"/api/cart/items/{id}", null)).Status, new[] { HttpStatusCode.OK, HttpStatusCode.BadRequest, HttpStatusCode.NotFound });
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static ByteArrayContent Json(byte[] body) => new(body) { Headers = { { "Content-Type", "application/json" } } };
}
