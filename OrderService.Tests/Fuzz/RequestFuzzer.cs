using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Fuzz;

/// <summary>A request as it is to be sent.</summary>
internal sealed record FuzzedRequest(HttpMethod Method, string Path, (string Name, string Value)[] Headers, byte[]? Body, string ContentType)
{
    public override string ToString() =>
        $"{Method} {Shorten(Path)} [{string.Join(", ", Headers.Select(header => $"{header.Name}: {Shorten(header.Value)}"))}] {(Body is null ? "" : Shorten(Encoding.UTF8.GetString(Body)))}";

    private static string Shorten(string text) => text.Length <= 500 ? text : $"{text[..500]}… ({text.Length})";
}

/// <summary>Makes requests from a route's schemas: as they should be, at their bounds, and broken on purpose. The same seed makes the same.</summary>
/// <param name="random">Decides everything.</param>
/// <param name="ids">Ids that mean something to the service, of the caller's own and of others.</param>
/// <param name="products">Products on sale.</param>
internal sealed class RequestFuzzer(Random random, IReadOnlyList<string> ids, IReadOnlyList<string> products)
{
    /// <summary>Longer ones are for the web server to refuse, with no problem of ours.</summary>
    private const int MaxAddress = 30_000;

    private static readonly string[] Texts =
    [
        "", " ", "x", "null", "true", "0", "-1", "1e999", "\0", "\r\nX-Evil: 1", "' OR 1=1; --", "../../etc/passwd", "%s%n%x", "{{7*7}}", "${jndi:ldap://x}", "<script>", "\u202e",
        "\ud800", "\U0001F3E0", "e\u0301", "\ufeff", "\u001b[31m", "NaN", "2026-02-30T25:61:61Z", "9999-12-31T23:59:59.9999999Z", "0001-01-01T00:00:00Z", "PENDING", "pending", "INBOUND", "*", "\"1\"", "W/\"1\"",
    ];

    private static readonly string[] Numbers =
        ["0", "-0", "-1", "1", "2", "100", "101", "1000", "1001", "2147483647", "2147483648", "-2147483649", "9223372036854775808", "1.0", "1.5", "1e3", "1e-400", "1e999", "12345678901234567890123456789012345678901234567890"];

    private static readonly string[] Headers =
        ["Idempotency-Key", "If-Match", "If-None-Match", "Last-Event-ID", "X-Cart-Id", "traceparent", "tracestate", "Accept", "Accept-Encoding", "Range", "Expect", "X-HTTP-Method-Override", "X-Forwarded-For"];

    /// <summary>The next request to one of the routes.</summary>
    public FuzzedRequest Next(IReadOnlyList<ApiRoute> routes)
    {
        var route = Pick(routes);
        var path = route.PathFor(route.Path.Contains("{productId}", StringComparison.Ordinal) && Often() ? Pick(products) : Escape(Often() ? Pick(ids) : Text()));
        var query = route.Query.Append("unknown").Where(_ => Sometimes()).Select(name => $"{name}={Escape(Parameter(route, name))}").ToList();
        var headers = Headers.Where(_ => Seldom()).Select(name => (name, HeaderText())).Append(("X-User-Roles", "orders:operate")).ToArray();
        var address = query.Count == 0 ? path : $"{path}?{string.Join('&', query)}";
        return new(
            route.Method,
            address[..Math.Min(address.Length, MaxAddress)],
            headers,
            route.HasBody && !Seldom() ? Body(route) : null,
            Seldom() ? Pick(["text/plain", "application/xml", "application/json; charset=utf-16", "application/problem+json", "x", "multipart/form-data"]) : route.HasBody ? route.MediaType : "application/json");
    }

    private byte[] Body(ApiRoute route)
    {
        var valid = Value(route, route.BodySchema, depth: 0)!;
        var text = valid.ToJsonString();
        if (Sometimes())
        {
            return Encoding.UTF8.GetBytes(text);
        }

        return random.Next(7) switch
        {
            0 => Encoding.UTF8.GetBytes(text[..random.Next(text.Length)]),
            1 => Flip(Encoding.UTF8.GetBytes(text)),
            2 => Encoding.UTF8.GetBytes(text.Insert(random.Next(text.Length), Text())),
            3 => Encoding.UTF8.GetBytes($"{text[..^1]},{text[1..]}"),
            4 => Encoding.UTF8.GetBytes(new string('[', random.Next(1, 5_000))),
            5 => Encoding.UTF8.GetBytes($$"""{"x":"{{new string('x', random.Next(100_000))}}"}"""),
            _ => Encoding.UTF8.GetBytes(Replace(valid).ToJsonString().Replace($"\"{Placeholder}\"", Rubbish(), StringComparison.Ordinal)),
        };
    }

    private const string Placeholder = "b1d7-the-place";

    /// <summary>Puts a mark in place of one value anywhere.</summary>
    private JsonNode Replace(JsonNode node)
    {
        switch (node)
        {
            case JsonObject { Count: > 0 } item:
                var name = Pick(item.Select(property => property.Key).ToList());
                if (Seldom())
                {
                    item.Remove(name);
                }
                else
                {
                    var child = item[name];
                    item[name] = null;
                    item[name] = child is null ? Placeholder : Replace(child);
                }

                return item;
            case JsonArray { Count: > 0 } list when Often():
                var at = random.Next(list.Count);
                var element = list[at];
                list[at] = null;
                list[at] = element is null ? Placeholder : Replace(element);
                return list;
            default:
                return JsonValue.Create(Placeholder);
        }
    }

    private string Rubbish() => random.Next(6) switch
    {
        0 => Pick(Numbers),
        1 => JsonSerializer.Serialize(new string('x', random.Next(3_000))),
        2 => "{\"a\":[{}]}",
        3 => "[[],null]",
        4 => Pick(["true", "null", "nul", "\"\\ud800\"", "\"\\u0000\"", "'x'", "", "/**/1"]),
        _ => JsonSerializer.Serialize(Text().Replace("\ud800", "", StringComparison.Ordinal)),
    };

    private JsonNode? Value(ApiRoute route, JsonElement schema, int depth)
    {
        schema = route.Resolve(schema);
        var types = ApiRoute.TypesOf(schema);
        if (types.Contains("null") && Seldom())
        {
            return null;
        }

        if (types.Contains("object"))
        {
            var item = new JsonObject();
            var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()).ToHashSet() : [];
            foreach (var property in schema.GetProperty("properties").EnumerateObject().Where(property => required.Contains(property.Name) || Sometimes()))
            {
                item[property.Name] = Value(route, property.Value, depth + 1);
            }

            return item;
        }

        if (types.Contains("array"))
        {
            var count = Seldom() ? random.Next(102) : random.Next(1, 4);
            return new JsonArray([.. Enumerable.Range(0, count).Select(_ => Value(route, schema.GetProperty("items"), depth + 1))]);
        }

        if (types.Contains("integer") || types.Contains("number"))
        {
            var (least, most) = (Bound("minimum", 1), Bound("maximum", 1_000));
            return JsonValue.Create(random.Next(4) switch { 0 => least, 1 => most, _ => random.Next(least, Math.Min(most, 3) + 1) });
        }

        return schema.TryGetProperty("enum", out var values) ? JsonValue.Create(Pick(values.EnumerateArray().ToList()).GetString())
            : schema.TryGetProperty("format", out var format) && format.GetString() == "uuid" ? JsonValue.Create(Pick(ids))
            : schema.TryGetProperty("pattern", out _) ? JsonValue.Create(Pick(products))
            : types.Contains("boolean") ? JsonValue.Create(Sometimes())
            : JsonValue.Create(Often() ? new string('é', random.Next(1, Bound("maxLength", 100) + 1)) : Text().Replace("\ud800", "", StringComparison.Ordinal));

        int Bound(string name, int otherwise) => !schema.TryGetProperty(name, out var bound) ? otherwise
            : bound.ValueKind == JsonValueKind.String ? int.Parse(bound.GetString()!, CultureInfo.InvariantCulture) : bound.GetInt32();
    }

    private string Parameter(ApiRoute route, string name)
    {
        var parameter = name == "unknown"
            ? default
            : route.Operation.GetProperty("parameters").EnumerateArray().First(one => one.GetProperty("name").GetString() == name);
        return parameter.ValueKind == JsonValueKind.Object && Sometimes() && Value(route, parameter.GetProperty("schema"), 0) is JsonValue value ? value.ToString()
            : Sometimes() ? Pick(Numbers) : Text();
    }

    private string Text() => random.Next(8) switch
    {
        0 => new string(Pick(["a", "é", "\U0001F3E0", "%", "\""])[0], random.Next(3_000)),
        1 => string.Concat(Enumerable.Range(0, random.Next(40)).Select(_ => (char)random.Next(1, 0xD800))),
        2 => Pick(ids),
        _ => Pick(Texts),
    };

    /// <summary>Visible ASCII; an HTTP client sends nothing else.</summary>
    private string HeaderText() => string.Concat(Text().Where(character => character is >= ' ' and <= '~'));

    private byte[] Flip(byte[] bytes)
    {
        for (var flips = random.Next(1, 4); flips > 0; flips--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }

        return bytes;
    }

    private static string Escape(string text) => Uri.EscapeDataString(text.Replace("\ud800", "\ufffd", StringComparison.Ordinal));

    private T Pick<T>(IReadOnlyList<T> all) => all[random.Next(all.Count)];

    private bool Often() => random.Next(4) > 0;

    private bool Sometimes() => random.Next(2) == 0;

    private bool Seldom() => random.Next(8) == 0;
}
