using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>
/// Rubbish on every route of the OpenAPI document, from its own schemas: a clean 4xx each time, and everything is as it was. A new route
/// is covered by itself; one with a body needs a line in <see cref="Bodies"/>.
/// </summary>
[Collection(OneShop.Name)]
public sealed class GarbageTests(ShopFixture shop)
{
    /// <summary>A body that each route accepts, to be spoilt in one place.</summary>
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["post /api/cart/items"] = """{"productId":"{product}","quantity":1}""",
        ["put /api/cart/items/{productId}"] = """{"quantity":2}""",
        ["post /api/cart/merge"] = """{"fromCartId":"{random}"}""",
        ["post /api/cart/checkout"] = """{"shippingAddress":"here","notes":"none"}""",
        ["post /api/orders"] = """{"items":[{"productId":"{product}","quantity":1}],"shippingAddress":"here","notes":"none"}""",
        ["put /api/orders/{id}/cancel"] = """{"reason":"none"}""",
        ["post /api/orders/{id}/cancellations"] = """{"lines":[{"productId":"{product}","quantity":1}],"reason":"none"}""",
        ["post /api/operations/dead-letters/replay"] = """{"orderId":"{random}"}""",
    };

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
        foreach (var (method, path, operation) in (await RoutesAsync()).Where(route => HasBody(route.Operation)))
        {
            var bodies = NotJson.Concat(NoObjects).Append(Deep("[", 40_000)).Append(Deep("{\"items\":[", 5_000)).Select(Encoding.UTF8.GetBytes)
                .Append([0xFF, 0xFE, 0x00]).Append([.. "{\""u8, .. FirstFieldOf(method, path, victim), .. "\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
            if (operation.GetProperty("requestBody").TryGetProperty("required", out var required) && required.GetBoolean())
            {
                bodies = bodies.Append([]).Append("null"u8.ToArray());
            }

            foreach (var body in bodies)
            {
                await victim.IsRefusedAsync(method, path, new ByteArrayContent(body) { Headers = { { "Content-Type", "application/json" } } });
            }

            await victim.IsRefusedAsync(method, path, new StringContent(ValidBody(method, path, victim), Encoding.UTF8, "text/plain"));
            await victim.IsRefusedAsync(method, path, new StringContent(ValidBody(method, path, victim), Encoding.Unicode, "application/json"));
            await victim.IsRefusedAsync(method, path, Json($$"""{"x":"{{new string('x', 100_000)}}"}"""));
        }

        await victim.IsUnharmedAsync();
    }

    [Fact]
    public async Task Fields_of_other_types_twice_or_far_too_large_change_nothing()
    {
        var victim = await NewVictimAsync();
        var document = await DocumentAsync();
        foreach (var (method, path, operation) in Routes(document).Where(route => HasBody(route.Operation)))
        {
            var schema = Resolve(document, operation.GetProperty("requestBody").GetProperty("content").GetProperty("application/json").GetProperty("schema"));
            var valid = ValidBody(method, path, victim);
            foreach (var spoilt in Spoilt(document, schema, JsonNode.Parse(valid)!))
            {
                await victim.IsRefusedAsync(method, path, Json(spoilt));
            }

            foreach (var property in JsonNode.Parse(valid)!.AsObject())
            {
                var twice = $"{valid.TrimEnd('}', ' ')},{JsonSerializer.Serialize(property.Key)}:{property.Value!.ToJsonString()}}}";
                await victim.IsRefusedAsync(method, path, Json(twice));
            }
        }

        await victim.IsUnharmedAsync();
    }

    [Fact]
    public async Task Odd_ids_and_parameters_change_nothing_and_never_are_a_500()
    {
        var victim = await NewVictimAsync();
        foreach (var (method, path, operation) in await RoutesAsync())
        {
            foreach (var odd in Odd)
            {
                if (path.Contains('{', StringComparison.Ordinal))
                {
                    var start = path.IndexOf('{', StringComparison.Ordinal);
                    await victim.SurvivesAsync(method, path[..start] + odd + path[(path.IndexOf('}', StringComparison.Ordinal) + 1)..], BodyOf(method, path, operation, victim));
                }

                if (method == HttpMethod.Get)
                {
                    foreach (var name in QueryOf(operation).Append("unknown"))
                    {
                        await victim.SurvivesAsync(method, $"{path}?{name}={odd}", null);
                        await victim.SurvivesAsync(method, $"{path}?{name}={odd}&{name}={odd}", null);
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
        foreach (var (method, path, operation) in await RoutesAsync())
        {
            foreach (var name in new[] { "If-Match", "Idempotency-Key" })
            {
                foreach (var odd in OddHeaders)
                {
                    // Where the header means something it is refused; where it doesn't, the spoilt body or a read does no harm.
                    await victim.SurvivesAsync(method, path, HasBody(operation) ? Json("[]") : null, (name, odd), ("If-Match", "\"no version of ours\""));
                }
            }

            foreach (var name in new[] { "If-None-Match", "X-Cart-Id", "Last-Event-ID", "traceparent", "Accept", "X-User-Roles", "Range", "X-Forwarded-For" })
            {
                foreach (var odd in OddHeaders)
                {
                    await victim.SurvivesAsync(method, path, HasBody(operation) ? Json("[]") : null, (name, odd), ("If-Match", "\"no version of ours\""));
                }
            }
        }

        await victim.IsUnharmedAsync();
    }

    private static bool HasBody(JsonElement operation) => operation.TryGetProperty("requestBody", out _);

    private static StringContent? BodyOf(HttpMethod method, string path, JsonElement operation, Victim victim) =>
        HasBody(operation) ? Json(ValidBody(method, path, victim)) : null;

    private static string ValidBody(HttpMethod method, string path, Victim victim)
    {
        var route = $"{method.Method.ToLowerInvariant()} {path}";
        Assert.True(Bodies.TryGetValue(route, out var body), $"{nameof(Bodies)} lacks a line for '{route}'.");
        return body!.Replace("{product}", victim.Product, StringComparison.Ordinal).Replace("{random}", Guid.NewGuid().ToString(), StringComparison.Ordinal);
    }

    private static byte[] FirstFieldOf(HttpMethod method, string path, Victim victim) =>
        Encoding.UTF8.GetBytes(JsonNode.Parse(ValidBody(method, path, victim))!.AsObject().First().Key);

    /// <summary>The valid body with one value replaced by what its schema does not allow, for each value and each kind of rubbish.</summary>
    private static IEnumerable<string> Spoilt(JsonElement document, JsonElement schema, JsonNode valid)
    {
        foreach (var (at, node, of) in Values(document, schema, valid))
        {
            var types = TypesOf(of);
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

    private static IEnumerable<(string At, JsonNode Node, JsonElement Schema)> Values(JsonElement document, JsonElement schema, JsonNode node)
    {
        schema = Resolve(document, schema);
        if (node is JsonObject item)
        {
            return item.SelectMany(property => Values(document, schema.GetProperty("properties").GetProperty(property.Key), property.Value!));
        }

        var self = (node.GetPath(), node, schema);
        return node is JsonArray list ? Values(document, schema.GetProperty("items"), list[0]!).Prepend(self) : [self];
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

    private static List<string> TypesOf(JsonElement schema) => schema.TryGetProperty("type", out var type)
        ? type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(one => one.GetString()!)] : [type.GetString()!]
        : [];

    /// <summary>Follows a reference, and takes what is not null where the document says 'this or null'.</summary>
    private static JsonElement Resolve(JsonElement document, JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var either))
        {
            return Resolve(document, either.EnumerateArray().First(one => !TypesOf(one).Contains("null")));
        }

        return schema.TryGetProperty("$ref", out var reference)
            ? Resolve(document, reference.GetString()!.Split('/').Skip(1).Aggregate(document, (at, step) => at.GetProperty(step)))
            : schema;
    }

    private static IEnumerable<string> QueryOf(JsonElement operation) => operation.TryGetProperty("parameters", out var parameters)
        ? parameters.EnumerateArray().Where(parameter => parameter.TryGetProperty("in", out var place) && place.GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!)
        : [];

    private static string Deep(string opening, int depth) => string.Concat(Enumerable.Repeat(opening, depth / opening.Length));

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private async Task<JsonElement> DocumentAsync() => (await Answer.ReadAsync(await shop.Api.GetAsync("/openapi/v1.json"))).Is(HttpStatusCode.OK).Body;

    private async Task<IEnumerable<(HttpMethod Method, string Path, JsonElement Operation)>> RoutesAsync() => Routes(await DocumentAsync());

    private static IEnumerable<(HttpMethod Method, string Path, JsonElement Operation)> Routes(JsonElement document) =>
        from path in document.GetProperty("paths").EnumerateObject()
        from operation in path.Value.EnumerateObject()
        where operation.Name is "get" or "put" or "post" or "delete" or "patch"
        select (new HttpMethod(operation.Name.ToUpperInvariant()), path.Name, operation.Value);

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
        public async Task IsRefusedAsync(HttpMethod method, string path, HttpContent content)
        {
            var body = await content.ReadAsStringAsync();
            var answer = await SendAsync(method, path, content);
            Assert.True(
                (int)answer.Status is 400 or 409 or 413 or 415 or 422 && answer.ProblemType is not null,
                $"{method} {path} answered {answer} to {body[..Math.Min(body.Length, 300)]}");
        }

        /// <summary>The answer is none of a server that failed.</summary>
        public async Task SurvivesAsync(HttpMethod method, string path, HttpContent? content, params (string, string)[] headers)
        {
            var answer = await SendAsync(method, path, content, headers);
            Assert.True((int)answer.Status < 500, $"{method} {path[..Math.Min(path.Length, 300)]} [{string.Join(", ", headers)}] answered {answer}");
        }

        private Task<Answer> SendAsync(HttpMethod method, string path, HttpContent? content, params (string, string)[] headers) => customer.SendAsync(
            method,
            path.Replace("{productId}", product, StringComparison.Ordinal).Replace("{id}", order.ToString(), StringComparison.Ordinal),
            content,
            [.. headers, ("X-User-Roles", "orders:operate")]);

        private async Task<string> LookAsync()
        {
            var cart = await customer.GetAsync("/api/cart");
            var orders = await customer.GetAsync("/api/orders");
            var history = await customer.GetAsync($"/api/orders/{order}/history");
            return $"{cart.ETag} {cart.Body} {orders.Body} {history.Body} {await shop.ProductAsync(product)}";
        }
    }
}
