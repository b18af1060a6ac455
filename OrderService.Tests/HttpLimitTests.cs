using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Requests beyond every measure, and what answers tell about themselves.</summary>
[Collection(OneShop.Name)]
public sealed class HttpLimitTests(ShopFixture shop)
{
    private const string Orders = "/api/orders";

    [Fact]
    public async Task Json_may_be_nested_a_few_levels_and_no_more()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();

        (await OrderAsync(15)).Is(HttpStatusCode.Created);
        (await OrderAsync(16)).IsProblem(HttpStatusCode.BadRequest, "validation");
        (await OrderAsync(10_000)).IsProblem(HttpStatusCode.BadRequest, "validation");

        Task<Answer> OrderAsync(int depth) => customer.SendAsync(HttpMethod.Post, Orders, new StringContent(
            $$"""{"items":[{"productId":"{{product}}","quantity":1}],"shippingAddress":"here","unknown":{{new string('[', depth)}}{{new string(']', depth)}}}""",
            Encoding.UTF8,
            "application/json"));
    }

    [Fact]
    public async Task A_long_address_is_unknown_and_one_that_is_too_long_is_refused()
    {
        var customer = shop.NewCustomer();

        (await customer.GetAsync($"{Orders}/{new string('x', 30_000)}")).IsProblem(HttpStatusCode.NotFound, "order-not-found");
        (await customer.GetAsync($"{Orders}?status={new string('x', 30_000)}")).IsProblem(HttpStatusCode.BadRequest, "validation");
        await IsRefusedAsync(414, $"GET {Orders}/{new string('x', 33_000)} HTTP/1.1\r\nHost: shop\r\n\r\n");
    }

    [Fact]
    public async Task A_method_that_an_address_does_not_know_is_405_whatever_its_body()
    {
        var answer = await shop.NewCustomer().SendAsync(HttpMethod.Put, "/api/cart/items/", Json($$"""{"x":"{{new string('x', 100_000)}}"}"""));

        answer.IsProblem(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
    }

    /// <summary>Such as a gateway, whose next request on that connection is somebody else's.</summary>
    [Theory]
    [InlineData("POST", "/api/nothing", 404)]
    [InlineData("PUT", "/api/orders", 405)]
    [InlineData("POST", "/api/orders", 401)]
    [InlineData("POST", "/openapi/v1.json", 405)]
    public async Task Who_uses_connections_again_is_told_where_one_ends_for_a_body_that_nobody_reads(string method, string path, int status)
    {
        var (body, head) = (new string('x', 100_000), $"{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\n");
        foreach (var request in new[]
        {
            $"{head}Content-Length: {body.Length}\r\n\r\n{body}",
            $"{head}Transfer-Encoding: chunked\r\n\r\n{body.Length:x}\r\n{body}\r\n0\r\n\r\n",
        })
        {
            var answer = await RawConnection.TalkAsync(shop.Api.BaseAddress!, request);

            Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} "), answer, StringComparison.Ordinal);
            Assert.Contains("\r\nConnection: close\r\n", answer, StringComparison.OrdinalIgnoreCase);
        }
    }

    [Fact]
    public async Task Too_many_and_too_large_headers_are_refused()
    {
        await IsRefusedAsync(431, $"GET {Orders} HTTP/1.1\r\nHost: shop\r\n{string.Concat(Enumerable.Range(0, 100).Select(i => $"X-{i}: 1\r\n"))}\r\n");
        await IsRefusedAsync(431, $"GET {Orders} HTTP/1.1\r\nHost: shop\r\nX-Large: {new string('x', 33_000)}\r\n\r\n");
    }

    /// <summary>A gateway and this service must never see two different requests in the same bytes (RFC 9112, section 11.2).</summary>
    [Theory]
    [InlineData("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello")]
    [InlineData("Content-Length: 5, 5\r\n\r\nhello")]
    [InlineData("Content-Length: -1\r\n\r\nhello")]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /api/orders HTTP/1.1\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\n5;\nhello\r\n0\r\n\r\n")]
    [InlineData("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n")]
    [InlineData("X-Folded: a\r\n b\r\nContent-Length: 5\r\n\r\nhello")]
    [InlineData("Host: elsewhere\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task What_could_be_read_in_two_ways_is_one_refusal_and_the_end_of_the_connection(string rest)
    {
        var answer = await RawConnection.TalkAsync(
            shop.Api.BaseAddress!, $"POST /api/cart/items HTTP/1.1\r\nHost: shop\r\nX-User-Id: {shop.NewCustomer().UserId}\r\nContent-Type: application/json\r\n{rest}");

        Assert.StartsWith("HTTP/1.1 4", answer, StringComparison.Ordinal);
        Assert.Equal(0, answer.IndexOf("HTTP/1.1", StringComparison.Ordinal));
        Assert.Equal(0, answer.LastIndexOf("HTTP/1.1", StringComparison.Ordinal));
    }

    [Fact]
    public async Task No_answer_of_any_route_may_be_kept_or_taken_for_something_else()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
        await customer.AddAsync(product, 1);

        foreach (var route in await ApiRoute.ReadAsync(shop.Api))
        {
            var path = route.PathFor(route.Path.Contains("{productId}", StringComparison.Ordinal) ? product : order.Id.ToString());
            foreach (var headers in new (string, string)[][] { [], [("X-User-Id", "nobody")], [("X-User-Roles", "orders:operate")], [("If-None-Match", "*")] })
            {
                IsGuarded(await customer.SendAsync(route.Method, path, route.HasBody ? Text(route, route.BodyFor(product)) : null, headers));
                IsGuarded(await customer.SendAsync(route.Method, path, route.HasBody ? Text(route, "{") : null, headers));
            }
        }

        var kept = await customer.GetAsync($"{Orders}/{order.Id}", ("If-None-Match", "*"));
        Assert.Equal(HttpStatusCode.NotModified, IsGuarded(kept).Status);
        Assert.Equal(HttpStatusCode.NotFound, IsGuarded(await customer.GetAsync("/api/nothing")).Status);
        Assert.Equal(HttpStatusCode.OK, IsGuarded(await customer.GetAsync("/openapi/v1.json"), personal: false).Status);
        Assert.Equal(HttpStatusCode.OK, IsGuarded(await customer.GetAsync("/alive"), personal: false).Status);
    }

    [Fact]
    public async Task Failures_are_guarded_like_answers_and_tell_nothing()
    {
        // The route fails in a way that no rule of the service knows: there is no such table any more for this API.
        var database = new Npgsql.NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders)) { Database = "postgres" };
        using var api = await ApiProcess.StartAsync(
            shop, ApiProcess.Gateway, ($"ConnectionStrings:{ResourceNames.Orders}", database.ConnectionString));

        var answer = await new Customer(api.Client, Guid.NewGuid()).GetAsync(Orders);

        IsGuarded(answer.IsProblem(HttpStatusCode.InternalServerError, "internal-server-error"));
        Assert.DoesNotContain("orders", JsonSerializer.Serialize(answer.Body).Replace("X-User", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task The_explorer_runs_its_own_scripts_only()
    {
        using var page = await shop.Api.GetAsync("/docs/index.html");
        var html = await page.Content.ReadAsStringAsync();

        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'; script-src 'self';", policy, StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotMatch("<script(?![^>]* src=)", html);
        Assert.DoesNotMatch("\\son[a-z]+=", html);
    }

    /// <summary>Refused by the web server, before it gets to any of the service: a bare status and the end of the connection.</summary>
    private async Task IsRefusedAsync(int status, string request)
    {
        var answer = await RawConnection.TalkAsync(shop.Api.BaseAddress!, request);

        Assert.StartsWith(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} "), answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Server:", answer, StringComparison.OrdinalIgnoreCase);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    private static Answer IsGuarded(Answer answer, bool personal = true)
    {
        var headers = answer.Response.Headers;
        Assert.Equal("nosniff", headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("default-src 'none'; frame-ancestors 'none'", headers.GetValues("Content-Security-Policy").Single());
        Assert.False(headers.Contains("Server"));
        Assert.False(headers.Contains("X-Powered-By"));
        if (personal)
        {
            Assert.Equal("no-store", headers.GetValues("Cache-Control").Single());
        }

        return answer;
    }

    private static StringContent Text(ApiRoute route, string body) => new(body, Encoding.UTF8, route.MediaType);

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");
}
