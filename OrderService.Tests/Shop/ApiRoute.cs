using System.Net;
using System.Text.Json;

namespace OrderService.Tests.Shop;

/// <summary>A route of the API as its own OpenAPI document describes it.</summary>
internal sealed record ApiRoute(HttpMethod Method, string Path, JsonElement Operation, JsonElement Document)
{
    /// <summary>A body that each route accepts, by method and path. <c>{product}</c> and <c>{random}</c> stand for ids.</summary>
    public static readonly IReadOnlyDictionary<string, string> Bodies = new Dictionary<string, string>
    {
        ["POST /api/cart/items"] = """{"productId":"{product}","quantity":1}""",
        ["PUT /api/cart/items/{productId}"] = """{"quantity":2}""",
        ["POST /api/cart/merge"] = """{"fromCartId":"{random}"}""",
        ["POST /api/cart/checkout"] = """{"shippingAddress":"here","notes":"none"}""",
        ["POST /api/orders"] = """{"items":[{"productId":"{product}","quantity":1}],"shippingAddress":"here","notes":"none"}""",
        ["PUT /api/orders/{id}/cancel"] = """{"reason":"none"}""",
        ["POST /api/orders/{id}/cancellations"] = """{"lines":[{"productId":"{product}","quantity":1}],"reason":"none"}""",
        ["POST /api/operations/import"] =
            """{"externalId":"{random}","userId":"{random}","status":"DELIVERED","currency":"EUR","shippingAddress":"here","items":[{"productId":"{product}","productName":"A thing","quantity":1,"unitPrice":10.00}],"createdAt":"2020-01-31T09:30:00Z"}""",
        ["POST /api/operations/dead-letters/replay"] = """{"direction":"INBOUND","type":"none","orderId":"{random}","limit":1}""",
    };

    /// <summary>Whether it reads a body.</summary>
    public bool HasBody => Operation.TryGetProperty("requestBody", out _);

    /// <summary>Whether it refuses to go without one.</summary>
    public bool NeedsBody => HasBody && Operation.GetProperty("requestBody").TryGetProperty("required", out var required) && required.GetBoolean();

    /// <summary>The type of its body.</summary>
    public string MediaType => Operation.GetProperty("requestBody").GetProperty("content").EnumerateObject().Single().Name;

    /// <summary>The schema of its body, or of a line of it.</summary>
    public JsonElement BodySchema => Operation.GetProperty("requestBody").GetProperty("content").GetProperty(MediaType).GetProperty("schema");

    /// <summary>The names of its query parameters.</summary>
    public IEnumerable<string> Query => Operation.TryGetProperty("parameters", out var parameters)
        ? parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!)
        : [];

    /// <summary>All routes.</summary>
    public static async Task<IReadOnlyList<ApiRoute>> ReadAsync(HttpClient api)
    {
        var document = (await Answer.ReadAsync(await api.GetAsync("/openapi/v1.json"))).Is(HttpStatusCode.OK).Body;
        var routes =
            from path in document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            where operation.Name is "get" or "put" or "post" or "delete" or "patch"
            select new ApiRoute(new HttpMethod(operation.Name.ToUpperInvariant()), path.Name, operation.Value, document);
        return [.. routes];
    }

    /// <summary>The path with an id in it.</summary>
    public string PathFor(string id) =>
        Path.IndexOf('{', StringComparison.Ordinal) is >= 0 and var start ? Path[..start] + id + Path[(Path.IndexOf('}', StringComparison.Ordinal) + 1)..] : Path;

    /// <summary>A body that it accepts.</summary>
    public string BodyFor(string product)
    {
        Assert.True(Bodies.TryGetValue(ToString(), out var body), $"{nameof(Bodies)} lacks a line for '{this}'.");
        return body!.Replace("{product}", product, StringComparison.Ordinal).Replace("{random}", Guid.NewGuid().ToString(), StringComparison.Ordinal);
    }

    /// <summary>Follows a reference, and takes what is not null where the document says 'this or null'.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var either))
        {
            return Resolve(either.EnumerateArray().First(one => !TypesOf(one).Contains("null")));
        }

        return schema.TryGetProperty("$ref", out var reference)
            ? Resolve(reference.GetString()!.Split('/').Skip(1).Aggregate(Document, (at, step) => at.GetProperty(step)))
            : schema;
    }

    /// <summary>The types that a schema allows.</summary>
    public static IReadOnlyList<string> TypesOf(JsonElement schema) => schema.TryGetProperty("type", out var type)
        ? type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(one => one.GetString()!)] : [type.GetString()!]
        : [];

    /// <summary>Method and path.</summary>
    public override string ToString() => $"{Method} {Path}";
}
