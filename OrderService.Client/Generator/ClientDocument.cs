using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace OrderService.Client.Generator;

/// <summary>The API's document as the generator does best with it: what it can't express is written by hand beside its output.</summary>
/// <param name="document">The OpenAPI document; it is changed.</param>
internal sealed class ClientDocument(JsonNode document)
{
    private const string ProblemSuffix = "Problem";

    /// <summary>Answers and bodies that come bit by bit.</summary>
    private static readonly string[] Streams = ["trackOrder", "importOrders", "exportOrders"];

    private readonly SortedDictionary<string, string> _problems = new(StringComparer.Ordinal);

    /// <summary>Leaves routes out that stream, and of all others the problems, which are exceptions; names things as C# does.</summary>
    public void Simplify()
    {
        var schemas = document["components"]!["schemas"]!.AsObject();
        foreach (var (name, schema) in schemas.Where(schema => schema.Key.EndsWith(ProblemSuffix, StringComparison.Ordinal)).ToList())
        {
            _problems[name[..^ProblemSuffix.Length]] = schema!["properties"]!["type"]!["enum"]![0]!.GetValue<string>().Split(':')[^1];
            schemas.Remove(name);
        }

        foreach (var (_, path) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in path!.AsObject().ToList())
            {
                if (Streams.Contains(operation!["operationId"]!.GetValue<string>()))
                {
                    path.AsObject().Remove(method);
                }
                else
                {
                    Simplify(operation, schemas);
                }
            }
        }

        // The generator reads version 3.0, where null is no type.
        document["openapi"] = "3.0.4";
        MoveNull(document["components"]!);
        MoveNull(document["paths"]!);
    }

    /// <summary>A constant for each problem that there is.</summary>
    public string WriteProblemNames()
    {
        var code = new StringBuilder();
        code.AppendLine().AppendLine("namespace OrderService.Client").AppendLine("{");
        code.AppendLine("    /// <summary>What <see cref=\"Problem.Name\"/> may be.</summary>");
        code.AppendLine("    public static class ProblemNames").AppendLine("    {");
        foreach (var (name, value) in _problems)
        {
            code.AppendLine(CultureInfo.InvariantCulture, $"        /// <summary><c>{value}</c></summary>");
            code.AppendLine(CultureInfo.InvariantCulture, $"        public const string {name} = \"{value}\";").AppendLine();
        }

        return code.AppendLine("    }").AppendLine("}").ToString();
    }

    /// <inheritdoc />
    public override string ToString() => document.ToJsonString();

    private static void Simplify(JsonNode operation, JsonObject schemas)
    {
        var responses = operation["responses"]!.AsObject();
        foreach (var (status, _) in responses.Where(response => response.Key[0] != '2').ToList())
        {
            responses.Remove(status);
        }

        if (operation["parameters"] is not JsonArray parameters)
        {
            return;
        }

        foreach (var parameter in parameters.ToList())
        {
            var name = parameter!["name"]!.GetValue<string>();
            if (name == "If-None-Match")
            {
                // Its answer would be no result.
                parameters.Remove(parameter);
                continue;
            }

            if (name.Contains('-', StringComparison.Ordinal))
            {
                parameter["x-originalName"] = name.Replace("-", "", StringComparison.Ordinal);
            }

            if (parameter["schema"]?["enum"] is JsonArray values
                && schemas.FirstOrDefault(schema => JsonNode.DeepEquals(schema.Value!["enum"], values)) is { Key: { } type })
            {
                parameter["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{type}" };
            }
        }
    }

    /// <summary><c>type: ["null", "string"]</c> and <c>oneOf: [{ type: null }, …]</c> become <c>nullable</c>.</summary>
    private static void MoveNull(JsonNode node)
    {
        if (node is JsonObject schema)
        {
            if (schema["type"] is JsonArray types)
            {
                var others = types.Select(type => type!.GetValue<string>()).Where(type => type != "null").ToList();
                schema["type"] = others.Single();
                schema["nullable"] = others.Count < types.Count;
            }

            if (schema["oneOf"] is JsonArray choices && choices.FirstOrDefault(choice => choice!["type"]?.ToString() == "null") is { } nothing)
            {
                choices.Remove(nothing);
                schema["nullable"] = true;
            }

            foreach (var (_, child) in schema.ToList())
            {
                if (child is not null)
                {
                    MoveNull(child);
                }
            }
        }
        else if (node is JsonArray items)
        {
            foreach (var item in items.Where(item => item is not null))
            {
                MoveNull(item!);
            }
        }
    }
}
