using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>
/// Rubbish on every route of the OpenAPI document, from its own schemas: a clean 4xx each time, and everything is as it was. A new route
/// is covered by itself; one with a body needs a line in <see cref="ApiRoute.Bodies"/>.
/// </summary>
[Collection(OneShop.Name)]
public sealed class GarbageTests(ShopFixture shop)
{
    private static readonly string[] NotJson =
    [
        "{", "}", "[", "\"", "{\"a\":}", "{'a':1}", "nul", "\0", "\u00FF", "<a/>", "{}{}", "NaN", "{\"a\":1,}", "/* */ {}", "\uFEFF\uFEFF{}",
    ];

    /// <summary>JSON that no body, and no field of one, may be.</summary>
    private static readonly string[] NoObjects = ["[]", "[[]]", "0", "1e999", "true", "\"text\"", "\"\\u0000\"", "\"\\ud800\""];

    private static readonly string[] Odd =
    [
        "x", "-1", "0", "1e999", "99999999999999999999999999", "%00", "%FF%FE", "..%2F..%2Fetc", "%0D%0AX-Evil:%201", "'%20OR%201=1--", "%F0%9F%92%A5", "null", "%25s%25n", "{}",
        new('x', 10_000),
    ];

    private static readonly string[] OddHeaders = ["", " ", ",", "\"", "\"x", "W/", "*,*", "\"99999999999999999999\"", "null", "\"1\" OR 1=1", new('x', 10_000)];

    [Fact]
    public async Task Bodies_that_are_no_json_of_the_route_change_nothing()
    {
        var victim = await NewVictimAsync();
        foreach (var route in (await ApiRoute.ReadAsync(shop.Api)).Where(route => route.HasBody))
        {
            var bodies = NotJson.Concat(NoObjects).Append(Deep("[", 40_000)).Append(Deep("{\"items\":[", 5_000)).Select(Encoding.UTF8.GetBytes)
                .Append([0xFF, 0xFE, 0x00]).Append([.. "{\""u8, .. Encoding.UTF8.GetBytes(JsonNode.Parse(route.BodyFor(victim.Product))!.AsObject().First().Key), .. "\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
            if (route.NeedsBody)
            {
                bodies = bodies.Append([]).Append("null"u8.ToArray());
            }

            foreach (var body in bodies)
            {
                await victim.IsRefusedAsync(route, new ByteArrayContent(body) { Headers = { { "Content-Type", "application/json" } } });
            }

            await victim.IsRefusedAsync(route, new StringContent(route.BodyFor(victim.Product), Encoding.UTF8, "text/plain"));
            await victim.IsRefusedAsync(route, new StringContent(route.BodyFor(victim.Product), Encoding.Unicode, "application/json"));
            await victim.IsRefusedAsync(route, Json($$"""{"x":"{{new string('x', 100_000)}}"}"""));
        }

        await victim.IsUnharmedAsync();
    }

    [Fact]
    public async Task Fields_of_other_types_twice_or_far_too_large_change_nothing()
    {
        var victim = await NewVictimAsync();
        foreach (var route in (await ApiRoute.ReadAsync(shop.Api)).Where(route => route.HasBody))
        {
            var valid = route.BodyFor(victim.Product);
            foreach (var spoilt in Spoilt(route, JsonNode.Parse(valid)!))
            {
                await victim.IsRefusedAsync(route, Json(spoilt));
            }

            foreach (var property in JsonNode.Parse(valid)!.AsObject())
            {
                var twice = $"{valid.TrimEnd('}', ' ')},{JsonSerializer.Serialize(property.Key)}:{property.Value!.ToJsonString()}}}";
                await victim.IsRefusedAsync(route, Json(twice));
            }
        }

        await victim.IsUnharmedAsync();
    }

    [Fact]
    public async Task Odd_ids_and_parameters_change_nothing_and_never_are_a_500()
    {
        var victim = await NewVictimAsync();
        foreach (var route in await ApiRoute.ReadAsync(shop.Api))
        {
            foreach (var odd in Odd)
            {
                if (route.Path.Contains('{', StringComparison.Ordinal))
                {
                    await victim.SurvivesAsync(route, route.PathFor(odd), route.HasBody ? Json(route.BodyFor(victim.Product)) : null);
                }

                if (route.Method == HttpMethod.Get)
                {
                    foreach (var name in route.Query.Append("unknown"))
                    {
                        await victim.SurvivesAsync(route, $"{victim.PathOf(route)}?{name}={odd}", null);
                        await victim.SurvivesAsync(route, $"{victim.PathOf(route)}?{name}={odd}&{name}={odd}", null);
                    }
                }
            }
        }

        await victim.IsUnharmedAsync();
    }

    [Fact]
    public async Task Odd_headers_change_nothing_and_never_are_a_500()
    {
        var victim = await NewVictimAsync();
        foreach (var route in await ApiRoute.ReadAsync(shop.Api))
        {
            foreach (var name in new[] { "If-Match", "Idempotency-Key" })
            {
                foreach (var odd in OddHeaders)
                {
                    // Where the header means something it is refused; where it doesn't, the spoilt body or a read does no harm.
                    await victim.SurvivesAsync(route, victim.PathOf(route), route.HasBody ? Json("[]") : null, (name, odd), ("If-Match", "\"no version of ours\""));
                }
            }

            foreach (var name in new[] { "If-None-Match", "X-Cart-Id", "Last-Event-ID", "traceparent", "Accept", "X-User-Roles", "Range", "X-Forwarded-For" })
            {
                foreach (var odd in OddHeaders)
                {
                    await victim.SurvivesAsync(route, victim.PathOf(route), route.HasBody ? Json("[]") : null, (name, odd), ("If-Match", "\"no version of ours\""));
                }
            }
        }

        await victim.IsUnharmedAsync();
    }

    /// <summary>The valid body with one value replaced by what its schema does not allow, for each value and each kind of rubbish.</summary>
    private static IEnumerable<string> Spoilt(ApiRoute route, JsonNode valid)
    {
        foreach (var (at, node, of) in Values(route, route.BodySchema, valid))
        {
            var types = ApiRoute.TypesOf(of);
            var rubbish = new List<string> { "1e999", "-1e999", "{\"a\":1}", "[[[]]]", "true", "12345678901234567890123456789" };
            rubbish.AddRange(types.Contains("string")
                ? [JsonSerializer.Serialize(new string('x', 10_000)), "\"\\u0000\"", "\"a\\u0007\"", "17", "\"\\ud800\""]
                : ["\"text\"", "\"\"", "\"1\"", "1.5"]);
            if (types.Contains("integer"))
            {
                rubbish.AddRange(["-1", "1001", "2147483648", "1e3"]);
            }

            if (types.Contains("array"))
            {
                rubbish.AddRange(["{}", "[null]", "[1]", $"[{string.Join(',', Enumerable.Repeat(node.AsArray()[0]!.ToJsonString(), 101))}]"]);
            }

            foreach (var value in rubbish)
            {
                yield return Replace(valid, at, value);
            }
        }
    }

    private static IEnumerable<(string At, JsonNode Node, JsonElement Schema)> Values(ApiRoute route, JsonElement schema, JsonNode node)
    {
        schema = route.Resolve(schema);
        if (node is JsonObject item)
        {
            return item.SelectMany(property => Values(route, schema.GetProperty("properties").GetProperty(property.Key), property.Value!));
        }

        var self = (node.GetPath(), node, schema);
        return node is JsonArray list ? Values(route, schema.GetProperty("items"), list[0]!).Prepend(self) : [self];
    }

    private static string Replace(JsonNode valid, string path, string value)
    {
        const string Mark = "5c1b6a0f-the-place";
        var copy = valid.DeepClone();
        var steps = path.Replace("[", ".[", StringComparison.Ordinal).Split('.').Skip(1).ToList();
        var parent = steps.Take(steps.Count - 1).Aggregate(copy, (at, step) => step[0] == '[' ? at[int.Parse(step[1..^1], null)]! : at[step]!);
        if (steps[^1][0] == '[')
        {
            parent[int.Parse(steps[^1][1..^1], null)] = Mark;
        }
        else
        {
            parent[steps[^1]] = Mark;
        }

        return copy.ToJsonString().Replace($"\"{Mark}\"", value, StringComparison.Ordinal);
    }

    private static string Deep(string opening, int depth) => string.Concat(Enumerable.Repeat(opening, depth / opening.Length));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private async Task<Victim> NewVictimAsync()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created).Id;
        await customer.AddAsync(product, 5);
        var victim = new Victim(shop, customer, product, order);
        await victim.RememberAsync();
        return victim;
    }

    /// <summary>A customer, also an operator, with a cart and an order that are to stay as they are.</summary>
    private sealed class Victim(ShopFixture shop, Customer customer, string product, Guid order)
    {
        private string _before = "";

        public string Product => product;

        public async Task RememberAsync() => _before = await LookAsync();

        public async Task IsUnharmedAsync() => Assert.Equal(_before, await LookAsync());

        /// <summary>The answer is a problem that blames the request.</summary>
        public async Task IsRefusedAsync(ApiRoute route, HttpContent content)
        {
            var body = await content.ReadAsStringAsync();
            var answer = await SendAsync(route.Method, PathOf(route), content);
            Assert.True(
                (int)answer.Status is 400 or 409 or 413 or 415 or 422 && answer.ProblemType is not null,
                $"{route} answered {answer} to {body[..Math.Min(body.Length, 300)]}");
        }

        /// <summary>The answer is none of a server that failed.</summary>
        public async Task SurvivesAsync(ApiRoute route, string path, HttpContent? content, params (string, string)[] headers)
        {
            var answer = await SendAsync(route.Method, path, content, headers);
            Assert.True((int)answer.Status < 500, $"{route.Method} {path[..Math.Min(path.Length, 300)]} [{string.Join(", ", headers)}] answered {answer}");
        }

        public string PathOf(ApiRoute route) => route.PathFor(route.Path.Contains("{productId}", StringComparison.Ordinal) ? product : order.ToString());

        private Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string, string)[] headers) =>
            customer.SendAsync(method, path, content, [.. headers, ("X-User-Roles", "orders:operate")]);

        private async Task<string> LookAsync()
        {
            var cart = await customer.GetAsync("/api/cart");
            var orders = await customer.GetAsync("/api/orders");
            var history = await customer.GetAsync($"/api/orders/{order}/history");
            return $"{cart.ETag} {cart.Body} {orders.Body} {history.Body} {await shop.ProductAsync(product)}";
        }
    }
}
