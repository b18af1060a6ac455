using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.OpenApi;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>The OpenAPI document. That it is true is for every other test to show: their requests fail where it isn't.</summary>
[Collection(OneShop.Name)]
public sealed partial class OpenApiTests(ShopFixture shop)
{
    private const string Path = "/openapi/v1.json";

    private static readonly string[] Routes =
    [
        "GET /api/cart",
        "DELETE /api/cart",
        "POST /api/cart/items",
        "PUT /api/cart/items/{productId}",
        "DELETE /api/cart/items/{productId}",
        "POST /api/cart/merge",
        "POST /api/cart/checkout",
        "POST /api/orders",
        "GET /api/orders",
        "GET /api/orders/{id}",
        "GET /api/orders/{id}/history",
        "GET /api/orders/{id}/events",
        "PUT /api/orders/{id}/cancel",
        "POST /api/orders/{id}/cancellations",
        "POST /api/operations/import",
        "GET /api/operations/export",
        "GET /api/operations/summary",
        "GET /api/operations/orders",
        "GET /api/operations/orders/{id}",
        "GET /api/operations/outbox",
        "GET /api/operations/dead-letters",
        "GET /api/operations/dead-letters/{id}",
        "POST /api/operations/dead-letters/{id}/replay",
        "POST /api/operations/dead-letters/replay",
    ];

    [Fact]
    public async Task The_document_is_valid_openapi()
    {
        await using var text = await shop.Api.GetStreamAsync(Path);

        var read = await OpenApiDocument.LoadAsync(text);

        Assert.Equal(OpenApiSpecVersion.OpenApi3_1, read.Diagnostic!.SpecificationVersion);
        Assert.Empty(read.Diagnostic.Errors);
        Assert.Empty(read.Diagnostic.Warnings);
    }

    [Fact]
    public async Task The_document_has_every_route_of_the_contract_and_no_other()
    {
        var routes = await ApiRoute.ReadAsync(shop.Api);

        Assert.Equal(Routes.Order(StringComparer.Ordinal), routes.Select(route => route.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Every_route_tells_what_it_is_for_who_may_use_it_and_how_it_answers()
    {
        foreach (var route in await ApiRoute.ReadAsync(shop.Api))
        {
            var operation = route.Operation;
            Assert.NotEmpty(operation.GetProperty("operationId").GetString()!);
            Assert.NotEmpty(operation.GetProperty("summary").GetString()!);
            Assert.NotEqual(0, operation.GetProperty("security").GetArrayLength());
            var responses = operation.GetProperty("responses");
            foreach (var status in new[] { "401", "429", "500", "503" })
            {
                Assert.True(responses.TryGetProperty(status, out _), $"{route} lacks {status}.");
            }

            foreach (var media in ContentsOf(responses).Concat(route.HasBody ? ContentsOf(operation, "requestBody") : []))
            {
                Assert.True(media.TryGetProperty("example", out _) || media.TryGetProperty("examples", out _), $"{route} lacks an example: {media}");
            }
        }

        static IEnumerable<JsonElement> ContentsOf(JsonElement parent, string? only = null) =>
            from child in parent.EnumerateObject()
            where (only is null || child.Name == only) && child.Value.TryGetProperty("content", out _)
            from media in child.Value.GetProperty("content").EnumerateObject()
            where media.Name.EndsWith("json", StringComparison.Ordinal)
            select media.Value;
    }

    /// <summary>The typed client is made from it (OrderService.Client).</summary>
    [Fact]
    public async Task The_document_of_the_repository_is_the_one_that_is_served()
    {
        var served = await shop.Api.GetStringAsync(Path);
        var kept = Documents.Read("openapi.json");

        Assert.True(
            JsonNode.DeepEquals(JsonNode.Parse(served), JsonNode.Parse(kept)),
            "docs/openapi.json is not what the API serves. While it runs: curl -s localhost:8083/openapi/v1.json > docs/openapi.json");
    }

    [Fact]
    public async Task The_http_file_has_a_request_for_every_route()
    {
        var file = Documents.Read("order-service.http");
        var requests = RequestLine().Matches(file).Select(request => (Method: request.Groups["method"].Value, Path: request.Groups["path"].Value)).ToList();

        foreach (var route in await ApiRoute.ReadAsync(shop.Api))
        {
            var path = new Regex($"^{Parameter().Replace(route.Path, "[^/]+")}$");
            Assert.True(requests.Exists(request => request.Method == route.Method.Method && path.IsMatch(request.Path)), $"order-service.http lacks {route}.");
        }
    }

    [Fact]
    public async Task Unknown_fields_of_a_body_are_ignored() => (await shop.NewCustomer().SendAsync(
        HttpMethod.Post,
        "/api/cart/items",
        new StringContent($$"""{"productId":"{{await shop.NewProductAsync()}}","quantity":1,"gift":true}""", Encoding.UTF8, "application/json")))
        .Is(HttpStatusCode.OK);

    [Fact]
    public async Task The_explorer_page_is_there_for_who_develops_and_loads_nothing_from_elsewhere()
    {
        using var page = await shop.Api.GetAsync("/");

        Assert.Equal("/docs/index.html", page.RequestMessage!.RequestUri!.AbsolutePath);
        var html = await page.Content.ReadAsStringAsync();
        Assert.Contains("Order Service", html, StringComparison.Ordinal);
        Assert.DoesNotContain("//", html.Replace("<!--", "", StringComparison.Ordinal), StringComparison.Ordinal);

        using var production = await ApiProcess.StartAsync(shop, ApiProcess.Gateway);
        Assert.Equal(HttpStatusCode.NotFound, (await production.Client.GetAsync("/docs/index.html")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await production.Client.GetAsync(Path)).StatusCode);
    }

    [GeneratedRegex(@"^(?<method>GET|POST|PUT|DELETE) \{\{host\}\}(?<path>/[^?\s]*)", RegexOptions.Multiline | RegexOptions.ExplicitCapture)]
    private static partial Regex RequestLine();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Parameter();
}
