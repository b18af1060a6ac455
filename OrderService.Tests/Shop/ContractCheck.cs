using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using NJsonSchema;
using NJsonSchema.Validation;

namespace OrderService.Tests.Shop;

/// <summary>
/// Compares every answer of the API with its OpenAPI document, and fails the request whose answer is not in it: unknown route or status,
/// another content type, a header that is missing or not documented, a body with other fields than its schema.
/// </summary>
internal sealed class ContractCheck : DelegatingHandler
{
    private const string TypePrefix = "urn:cloudforge:problem:";

    private static readonly string[] Headers =
        ["ETag", "Location", "Link", "Retry-After", "Idempotency-Replayed", "WWW-Authenticate"];

    private readonly JsonNode _document;
    private readonly JsonNode _schemas;
    private readonly List<(string Path, string[] Segments)> _paths;
    private readonly ConcurrentDictionary<string, Task<JsonSchema>> _compiled = [];

    private ContractCheck(JsonNode document)
        : base(new SocketsHttpHandler())
    {
        _document = document;
        _schemas = document["components"]!["schemas"]!.DeepClone();
        _paths = [.. document["paths"]!.AsObject()
            .Select(path => (path.Key, path.Key.Split('/')))
            .OrderBy(path => path.Item2.Count(segment => segment.StartsWith('{')))];
        foreach (var (_, schema) in _schemas.AsObject())
        {
            Close(schema);
        }
    }

    /// <summary>A client of the API whose answers are all checked.</summary>
    public static async Task<HttpClient> CreateClientAsync(Uri api)
    {
        using var plain = new HttpClient { BaseAddress = api };
        var document = JsonNode.Parse(await plain.GetStringAsync("/openapi/v1.json"))!;
        return new HttpClient(new ContractCheck(document)) { BaseAddress = api };
    }

    /// <summary>
    /// The server answers a body that is too large and ends the connection. Who is still sending then may see a broken pipe and not the
    /// answer, and asks again.
    /// </summary>
    private async Task<HttpResponseMessage> SendPatientlyAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException) when (request.Content?.Headers.ContentLength > Api.Http.HttpContract.MaxBodySize && attempt < 20)
            {
            }
        }
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await SendPatientlyAsync(request, cancellationToken);
        if (request.RequestUri!.AbsolutePath.StartsWith("/api", StringComparison.OrdinalIgnoreCase)
            && !IsRefusedByTheServer(request, response)
            && await DeviationAsync(request, response, cancellationToken) is { } deviation)
        {
            var body = IsStream(response.Content.Headers.ContentType?.MediaType)
                ? ""
                : await response.Content.ReadAsStringAsync(cancellationToken);
            Assert.Fail($"{request.Method} {request.RequestUri.PathAndQuery} answered {(int)response.StatusCode}, and the OpenAPI document differs: {deviation}\n{body}");
        }

        return response;
    }

    /// <summary>Kestrel's own: an address with a null character reaches no application.</summary>
    private static bool IsRefusedByTheServer(HttpRequestMessage request, HttpResponseMessage response) =>
        response.StatusCode == HttpStatusCode.BadRequest
        && response.Content.Headers.ContentLength == 0
        && request.RequestUri!.AbsolutePath.Contains("%00", StringComparison.Ordinal);

    /// <summary>Which the test reads, as far as it wants.</summary>
    private static bool IsStream(string? type) => type is "text/event-stream" or "application/x-ndjson";

    /// <summary>Tells how an answer differs from the document, or <c>null</c>.</summary>
    private async Task<string?> DeviationAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = ((int)response.StatusCode).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (Find(request) is not { } operation)
        {
            return response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.UnsupportedMediaType
                ? await BodyDeviationAsync(response, Problems(), cancellationToken)
                : "it has no such route.";
        }

        if (operation["responses"]![status] is not { } documented)
        {
            return $"it has no {status} there.";
        }

        foreach (var header in Headers)
        {
            var sent = response.Headers.Contains(header);
            if (documented["headers"]?[header] is not { } told)
            {
                if (sent)
                {
                    return $"it has no header {header} there.";
                }
            }
            else if (!sent && told["required"]?.GetValue<bool>() == true)
            {
                return $"it promises the header {header}.";
            }
        }

        return documented["content"] is { } content
            ? await BodyDeviationAsync(response, content, cancellationToken)
            : (await response.Content.ReadAsByteArrayAsync(cancellationToken)).Length > 0 ? "it has no body there." : null;
    }

    private JsonNode? Find(HttpRequestMessage request)
    {
        // As the server reads it: '..' is another address.
        var segments = new Uri(request.RequestUri!.AbsoluteUri).AbsolutePath.TrimEnd('/').Split('/');
        var known = _paths.FirstOrDefault(path => path.Segments.Length == segments.Length && path.Segments.Zip(segments).All(pair =>
            pair.First.StartsWith('{') ? pair.Second.Length > 0 : pair.First.Equals(pair.Second, StringComparison.OrdinalIgnoreCase)));
        return known.Path is null ? null : _document["paths"]![known.Path]![request.Method.Method.ToLowerInvariant()];
    }

    private async Task<string?> BodyDeviationAsync(HttpResponseMessage response, JsonNode content, CancellationToken cancellationToken)
    {
        var type = response.Content.Headers.ContentType?.MediaType ?? "";
        if (content[type] is not { } media)
        {
            return $"it has no content of type '{type}' there, but {string.Join(", ", content.AsObject().Select(one => one.Key))}.";
        }

        if (!type.EndsWith("json", StringComparison.Ordinal) || IsStream(type))
        {
            return null;
        }

        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        var schema = media["schema"]!;
        if (schema["oneOf"] is JsonArray problems)
        {
            // By type, so that the message is about the problem that it is.
            var problem = JsonNode.Parse(body)!["type"]?.GetValue<string>();
            schema = problems.FirstOrDefault(one => Resolve(one!)["properties"]!["type"]!["enum"]![0]!.GetValue<string>() == problem);
            if (schema is null)
            {
                return $"it has no problem '{problem}' there.";
            }
        }

        var compiled = await _compiled.GetOrAdd(schema.ToJsonString(), _ => CompileAsync(schema));
        var errors = compiled.Validate(body);
        return errors.Count == 0 ? null : string.Join("; ", errors.Select(Describe));
    }

    private JsonObject Problems() => new()
    {
        ["application/problem+json"] = new JsonObject
        {
            ["schema"] = new JsonObject
            {
                ["oneOf"] = new JsonArray([.. _schemas.AsObject()
                    .Where(schema => schema.Value!["properties"]?["type"]?["enum"]?[0]?.ToString().StartsWith(TypePrefix, StringComparison.Ordinal) == true)
                    .Select(schema => (JsonNode)new JsonObject { ["$ref"] = $"#/components/schemas/{schema.Key}" })]),
            },
        },
    };

    private JsonNode Resolve(JsonNode schema) =>
        schema["$ref"] is { } reference ? _schemas[reference.GetValue<string>().Split('/')[^1]]! : schema;

    private async Task<JsonSchema> CompileAsync(JsonNode schema)
    {
        var root = Resolve(schema).DeepClone().AsObject();
        Close(root);
        root["definitions"] = _schemas.DeepClone();
        return await JsonSchema.FromJsonAsync(root.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal));
    }

    /// <summary>The document lets new fields come; a test that sends back more than it says is a document that lags behind.</summary>
    private static void Close(JsonNode? schema)
    {
        if (schema is JsonObject one)
        {
            if (one["properties"] is JsonObject && one["additionalProperties"] is null)
            {
                one["additionalProperties"] = false;
            }

            foreach (var (_, child) in one.ToList())
            {
                Close(child);
            }
        }
        else if (schema is JsonArray several)
        {
            foreach (var child in several)
            {
                Close(child);
            }
        }
    }

    private static string Describe(ValidationError error) => error is ChildSchemaValidationError { Errors: var inner }
        ? $"{error.Path} {error.Kind} ({string.Join("; ", inner.Values.SelectMany(errors => errors).Select(Describe))})"
        : $"{error.Path} {error.Kind}";
}
