using System.Text.Json.Nodes;
using NJsonSchema;
using YamlDotNet.Serialization;

namespace OrderService.Tests.Shop;

/// <summary>A message that <c>docs/asyncapi.yaml</c> describes.</summary>
internal sealed record DocumentedMessage(
    string Type, string Topic, bool IsSent, JsonSchema Headers, JsonSchema Payload, IReadOnlyList<DocumentedExample> Examples)
{
    /// <summary>What about a message is not as documented; empty if nothing is.</summary>
    public IReadOnlyList<string> Violations(JsonObject headers, JsonNode? payload) =>
    [
        .. Headers.Validate(headers.ToJsonString()).Select(error => $"{Type}: header {error}"),
        .. Payload.Validate(payload?.ToJsonString() ?? "null").Select(error => $"{Type}: payload {error}"),
    ];

    public override string ToString() => Type;
}

/// <summary>An example of a message. One without headers of its own has those of the message's first example.</summary>
internal sealed record DocumentedExample(JsonObject Headers, JsonObject Payload);

/// <summary>
/// <c>docs/asyncapi.yaml</c> as its readers' tools see it, and stricter in one point: an object that doesn't say that it may have other
/// fields has none, so that a field without documentation shows.
/// </summary>
internal sealed class AsyncApi
{
    /// <summary>What is enforced, or says nothing about validity. A document that needs more has to be met by more here.</summary>
    private static readonly HashSet<string> Keywords =
    [
        "$ref", "additionalProperties", "allOf", "const", "description", "enum", "format", "items", "maxItems", "maxLength", "maximum",
        "minItems", "minLength", "minimum", "multipleOf", "pattern", "properties", "required", "type",
    ];

    private AsyncApi(IReadOnlyList<DocumentedMessage> messages) => Messages = messages;

    public IReadOnlyList<DocumentedMessage> Messages { get; }

    public static async Task<AsyncApi> LoadAsync()
    {
        var document = Read(Path.Combine(AppContext.BaseDirectory, "asyncapi.yaml"));
        var components = document["components"]!;
        var schemas = new JsonObject(components["schemas"]!.AsObject()
            .Select(schema => KeyValuePair.Create<string, JsonNode?>(schema.Key, Enforceable(schema.Value!, isClosed: true))));
        var messages = new List<DocumentedMessage>();
        foreach (var operation in document["operations"]!.AsObject().Select(operation => operation.Value!))
        {
            var channel = Resolve(document, operation["channel"]!);
            foreach (var reference in operation["messages"]!.AsArray())
            {
                var message = Resolve(document, Resolve(document, reference!));
                var examples = message["examples"]!.AsArray();
                messages.Add(new(
                    (string)message["name"]!,
                    (string)channel["address"]!,
                    (string)operation["action"]! == "send",
                    await ToSchemaAsync(message["headers"]!, schemas),
                    await ToSchemaAsync(message["payload"]!, schemas),
                    [.. examples.Select(example => new DocumentedExample((example!["headers"] ?? examples[0]!["headers"])!.AsObject(), example["payload"]!.AsObject()))]));
            }
        }

        return new AsyncApi(messages);
    }

    /// <summary>What about an event of ours is not as documented; empty if nothing is.</summary>
    public IReadOnlyList<string> Violations(IReadOnlyDictionary<string, string> headers, string payload)
    {
        var type = headers.GetValueOrDefault("ce_type");
        return Messages.SingleOrDefault(message => message.IsSent && message.Type == type) is { } documented
            ? documented.Violations(new(headers.Select(header => KeyValuePair.Create<string, JsonNode?>(header.Key, header.Value))), JsonNode.Parse(payload))
            : [$"The type '{type}' is not documented."];
    }

    private static JsonNode Read(string path)
    {
        var yaml = new DeserializerBuilder().WithAttemptingUnquotedStringTypeDeserialization().Build().Deserialize<object>(File.ReadAllText(path));
        return JsonNode.Parse(new SerializerBuilder().JsonCompatible().Build().Serialize(yaml))!;
    }

    private static JsonNode Resolve(JsonNode document, JsonNode reference) =>
        ((string)reference["$ref"]!).Split('/').Skip(1).Aggregate(document, (node, name) => node[name]!);

    private static Task<JsonSchema> ToSchemaAsync(JsonNode schema, JsonObject schemas)
    {
        var root = Enforceable(schema, isClosed: false);
        root["definitions"] = schemas.DeepClone();
        return JsonSchema.FromJsonAsync(root.ToJsonString());
    }

    /// <summary>
    /// The same schema in the words that NJsonSchema understands: it takes no notice of <c>const</c>, nor of any keyword that it doesn't know, and
    /// follows references into <c>definitions</c>.
    /// </summary>
    private static JsonObject Enforceable(JsonNode schema, bool isClosed)
    {
        var enforceable = new JsonObject();
        foreach (var (keyword, value) in schema.AsObject())
        {
            if (!Keywords.Contains(keyword))
            {
                throw new NotSupportedException($"The schema keyword '{keyword}' in asyncapi.yaml would not be enforced.");
            }

            (string Name, JsonNode Meaning) said = keyword switch
            {
                "$ref" => (keyword, ((string)value!).Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal)),
                "const" => ("enum", new JsonArray(value!.DeepClone())),
                "properties" => (keyword, new JsonObject(value!.AsObject()
                    .Select(property => KeyValuePair.Create<string, JsonNode?>(property.Key, Enforceable(property.Value!, isClosed: true))))),
                "items" => (keyword, Enforceable(value!, isClosed: true)),
                "allOf" => (keyword, new JsonArray([.. value!.AsArray().Select(part => Enforceable(part!, isClosed: false))])),
                _ => (keyword, value!.DeepClone()),
            };
            enforceable[said.Name] = said.Meaning;
        }

        if (isClosed && enforceable.ContainsKey("properties") && !enforceable.ContainsKey("additionalProperties"))
        {
            enforceable["additionalProperties"] = false;
        }

        return enforceable;
    }
}
