using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.Extensions.Options;
using Microsoft.OpenApi;
using OrderService.Api.Carts;
using OrderService.Api.Operations;
using OrderService.Api.Orders;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Api.Http;

/// <summary>A problem that a route may answer with, by its name in <see cref="ProblemCatalog"/>.</summary>
internal sealed record ProblemMetadata(string Name);

/// <summary>The route's successful answers carry the version of what they show.</summary>
internal sealed record EntityTagMetadata;

/// <summary>
/// The OpenAPI document, made from the routes: what their metadata and signatures don't tell by themselves is added here. The tests
/// compare every answer with it.
/// </summary>
internal static class ApiDocument
{
    /// <summary>Where it is.</summary>
    public const string Path = "/openapi/v1.json";

    /// <summary>Where its explorer is, in Development.</summary>
    public const string ExplorerPath = "docs";

    private static readonly Type[] Imported = [typeof(OrderRecord), typeof(OrderRecordItem), typeof(OrderRecordStep)];

    private const string ProblemJson = "application/problem+json";
    private const string Bearer = "Bearer";
    private const string Gateway = "Gateway";
    private const string GuestCart = "GuestCart";

    private const string Description =
        """
        Carts, checkout, orders and their life from `PENDING` to `DELIVERED`.

        - Amounts are decimal numbers in the currency beside them, instants are ISO 8601 in UTC, ids of orders are UUIDs.
        - Unknown fields of a body are ignored, here and in your reader: new ones may come with any release.
        - Whatever goes wrong is `application/problem+json` (RFC 9457) with a stable `type`. An unknown address is 404 `not-found`, a known one
          with another method 405 `method-not-allowed`.
        - Somebody else's order is 404, like an unknown one.
        - `ETag` is the version. `If-None-Match` saves reading the same again, `If-Match` refuses to change another version than the one seen.
        - A POST with an `Idempotency-Key` may be sent again after a time-out: it takes effect once, and the first answer comes again.
        """;

    /// <summary>For who develops, and reads this in the explorer.</summary>
    private const string PagesToTry = "\n\nTo look at and to try: the [shop](/shop), the [operations page](/operations).";

    /// <summary>Adds the document.</summary>
    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi(options =>
    {
        options.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        options.AddSchemaTransformer(Refine);
        options.AddOperationTransformer(CompleteAsync);
        options.AddDocumentTransformer(CompleteAsync);
    });

    /// <summary>Maps the document, and in Development a page to explore it, at <c>/</c>.</summary>
    public static void MapApiDocument(this WebApplication app)
    {
        app.MapOpenApi();
        if (app.Environment.IsDevelopment())
        {
            app.UseSwaggerUI(page =>
            {
                page.DocumentTitle = "Order Service";
                page.RoutePrefix = ExplorerPath;
                page.SwaggerEndpoint(Path, "Order Service");
                page.EnablePersistAuthorization();
                page.DisplayRequestDuration();
            });
            app.MapGet("/", () => Results.Redirect(ExplorerPath)).ExcludeFromDescription();
        }
    }

    /// <summary>Documents the problems with which routes refuse, besides those that every route has.</summary>
    public static TBuilder Refuses<TBuilder>(this TBuilder routes, params ReadOnlySpan<string> names)
        where TBuilder : IEndpointConventionBuilder
    {
        foreach (var name in names)
        {
            routes.WithMetadata(new ProblemMetadata(ProblemCatalog.Find(name).Name));
        }

        return routes;
    }

    /// <summary>Documents that a route tells the version of what it shows, as <c>ETag</c>.</summary>
    public static TBuilder TellsVersion<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new EntityTagMetadata());

    private static Task CompleteAsync(OpenApiDocument document, OpenApiDocumentTransformerContext context, CancellationToken cancellationToken)
    {
        var isDevelopment = context.ApplicationServices.GetRequiredService<IHostEnvironment>().IsDevelopment();
        document.Info = new()
        {
            Title = "Order Service",
            Version = "v1",
            Description = isDevelopment ? Description + PagesToTry : Description,
            Contact = new() { Name = "CloudForge" },
        };

        // Relative to where the document was read: a gateway may have other names and paths.
        document.Servers = [new() { Url = "/", Description = "Where this document comes from" }];
        foreach (var tag in document.Tags ?? new HashSet<OpenApiTag>())
        {
            tag.Description = tag.Name switch
            {
                "Cart" => "What somebody is about to order. It lives 7 days after its last use.",
                "Orders" => "What a user has ordered, and how it goes on.",
                "Operations" => $"What keeps the service going; takes the role `{Identity.Operate}`.",
                _ => null,
            };
        }

        return Task.CompletedTask;
    }

    private static async Task CompleteAsync(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        var handler = metadata.OfType<MethodInfo>().First();
        var document = context.Document!;
        operation.OperationId = JsonNamingPolicy.CamelCase.ConvertName(handler.DeclaringType!.Name);

        var problems = metadata.OfType<ProblemMetadata>().Select(problem => problem.Name).Concat(ProblemCatalog.Everywhere).ToList();
        Secure(operation, metadata.OfType<IAuthorizeData>().ToList(), document, problems);

        operation.Parameters ??= [];
        if (operation.RequestBody is not null)
        {
            problems.AddRange(ProblemCatalog.OfBodies);
        }

        var keyed = operation.Parameters.Any(parameter => parameter.Name == Idempotency.Header);
        if (keyed)
        {
            problems.AddRange(ProblemCatalog.OfKeys);
        }

        if (handler.GetParameters().Any(parameter => parameter.ParameterType == typeof(IfMatch)))
        {
            problems.Add("precondition-failed");
            operation.Parameters.Add(Header("If-Match"));
        }

        if (operation.Responses!.ContainsKey("304"))
        {
            operation.Parameters.Add(Header("If-None-Match"));
        }

        foreach (var parameter in operation.Parameters.OfType<OpenApiParameter>())
        {
            Describe(parameter);
        }

        var json = context.ApplicationServices.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        foreach (var (status, response) in operation.Responses)
        {
            Complete((OpenApiResponse)response, status, metadata.OfType<EntityTagMetadata>().Any(), keyed, handler.DeclaringType);
            var type = context.Description.SupportedResponseTypes.FirstOrDefault(type => type.StatusCode.ToString(CultureInfo.InvariantCulture) == status)?.Type;
            AddExample(response.Content, type, json);
        }

        AddExample(operation.RequestBody?.Content, context.Description.ParameterDescriptions.FirstOrDefault(parameter => parameter.Source.Id == "Body")?.Type, json);

        foreach (var kinds in problems.Distinct().Select(ProblemCatalog.Find).GroupBy(kind => kind.Status).OrderBy(kinds => kinds.Key))
        {
            operation.Responses[kinds.Key.ToString(CultureInfo.InvariantCulture)] = await ResponseAsync([.. kinds], context, json, cancellationToken);
        }

        // The document lists what every address may answer, too.
        foreach (var kind in ProblemCatalog.All)
        {
            await ReferToAsync(kind, context, cancellationToken);
        }

        SortByStatus(operation.Responses);
    }

    private static void Secure(OpenApiOperation operation, List<IAuthorizeData> rules, OpenApiDocument document, List<string> problems)
    {
        if (rules.Count == 0)
        {
            return;
        }

        document.AddComponent<IOpenApiSecurityScheme>(Bearer, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.Http,
            Scheme = "bearer",
            BearerFormat = "JWT",
            Description = $"A JWT whose `sub` is the user, a UUID. Its roles, `{Identity.Operate}` for instance, open the operations.",
        });
        document.AddComponent<IOpenApiSecurityScheme>(Gateway, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = GatewayAuthentication.UserHeader,
            Description = $"The user, a UUID, as the shop's gateway tells it, with roles in `{GatewayAuthentication.RolesHeader}`; where the service trusts it.",
        });
        document.AddComponent<IOpenApiSecurityScheme>(GuestCart, new OpenApiSecurityScheme
        {
            Type = SecuritySchemeType.ApiKey,
            In = ParameterLocation.Header,
            Name = CartAccess.Header,
            Description = "The cart of a guest: a UUID that the client makes up. Whoever knows it has the cart.",
        });

        problems.Add("unauthorized");
        List<string> schemes = [Bearer, Gateway];
        if (rules.Any(rule => rule.Policy == Identity.Operate))
        {
            problems.Add("forbidden");
        }

        if (rules.Any(rule => rule.Policy == CartAccess.Policy))
        {
            schemes.Add(GuestCart);
        }

        operation.Security = [.. schemes.Select(scheme => new OpenApiSecurityRequirement { [new(scheme, document)] = [] })];
    }

    private static OpenApiParameter Header(string name) => new()
    {
        Name = name, In = ParameterLocation.Header, Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };

    /// <summary>A parameter has one meaning in the whole service. Handlers read many as text, to tell what is wrong by name.</summary>
    private static void Describe(OpenApiParameter parameter)
    {
        var (schema, description, example) = parameter.Name switch
        {
            "id" => (new() { Type = JsonSchemaType.String, Format = "uuid" }, "The id.", JsonValue.Create("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11")),
            "productId" => (
                new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = OrderLimits.ProductIdLength, Pattern = InputErrors.ProductIdPattern },
                "The id of the product.",
                JsonValue.Create("P-0001")),
            "page" => (Integer(0, null, 0), null, JsonValue.Create(0)),
            "size" => (Integer(1, ListOrders.MaxSize, ListOrders.DefaultSize), null, JsonValue.Create(20)),
            "status" => (OneOf<OrderStatus>(), null, JsonValue.Create("PENDING")),
            "direction" => (OneOf<DeadLetterDirection>(), null, JsonValue.Create("INBOUND")),
            "state" => (OneOf<DeadLetterState>(), null, JsonValue.Create("PARKED")),
            "userId" => (new() { Type = JsonSchemaType.String, Format = "uuid" }, null, JsonValue.Create("00000000-0000-4000-8000-000000000001")),
            "orderId" => (new() { Type = JsonSchemaType.String, Format = "uuid" }, null, null),
            "from" or "to" => (new() { Type = JsonSchemaType.String, Format = "date-time" }, null, JsonValue.Create("2026-01-31T00:00:00Z")),
            "includeTotal" => (new() { Type = JsonSchemaType.Boolean, Default = false }, null, JsonValue.Create(true)),
            Idempotency.Header => (
                new() { Type = JsonSchemaType.String, MinLength = 1, MaxLength = IdempotencyRecord.KeyLength, Pattern = "^[!-~]+$" },
                "Makes the request safe to repeat, for 24 hours.",
                JsonValue.Create("8e1f6e0c-6f0f-4f4b-9f7e-3c0b6b9a3a51")),
            "If-Match" => (new() { Type = JsonSchemaType.String }, "Only if the version is this one: an `ETag`, several, or `*`.", JsonValue.Create("\"3\"")),
            "If-None-Match" => (new() { Type = JsonSchemaType.String }, "304 if the version is this one: an `ETag`, several, or `*`.", JsonValue.Create("\"3\"")),
            "Last-Event-ID" => (new() { Type = JsonSchemaType.String }, "The last event that the client has seen; the stream goes on after it.", JsonValue.Create("2")),
            _ => ((OpenApiSchema?)null, (string?)null, (JsonValue?)null),
        };
        if (schema is not null)
        {
            parameter.Schema = schema;
            parameter.Example = example;
            parameter.Description ??= description;
        }
    }

    private static OpenApiSchema OneOf<TEnum>()
        where TEnum : struct, Enum =>
        new() { Type = JsonSchemaType.String, Enum = [.. Enum.GetNames<TEnum>().Select(name => (JsonNode)name.ToUpperInvariant())] };

    private static OpenApiSchema Integer(int min, int? max, int otherwise) => new()
    {
        Type = JsonSchemaType.Integer,
        Format = "int32",
        Minimum = min.ToString(CultureInfo.InvariantCulture),
        Maximum = max?.ToString(CultureInfo.InvariantCulture),
        Default = otherwise,
    };

    private static void Complete(OpenApiResponse response, string status, bool hasVersion, bool keyed, Type useCase)
    {
        if (hasVersion)
        {
            Tell(response, "ETag", "The version.", "\"3\"", required: true);
        }

        if (status == "201")
        {
            Tell(response, "Location", "Where it is read.", "/api/orders/0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11", required: true);
        }

        if (keyed)
        {
            Tell(response, Idempotency.ReplayedHeader, "`true` where this is the first answer again.", "true", required: false);
        }

        if (useCase == typeof(ListOrders) || useCase == typeof(ListDeadLetters) || useCase == typeof(SearchOrders))
        {
            Tell(response, "Link", "Other pages (RFC 8288).", "</api/orders?cursor=…>; rel=\"next\"", required: false);
        }
    }

    private static void Tell(OpenApiResponse response, string header, string description, string example, bool required)
    {
        response.Headers ??= new Dictionary<string, IOpenApiHeader>();
        response.Headers[header] = new OpenApiHeader
        {
            Description = description, Required = required, Schema = new OpenApiSchema { Type = JsonSchemaType.String }, Example = example,
        };
    }

    private static void AddExample(IDictionary<string, OpenApiMediaType>? content, Type? type, JsonSerializerOptions json)
    {
        if (type is null || content is null || ApiExamples.Find(type) is not { } example)
        {
            return;
        }

        foreach (var media in content.Values)
        {
            media.Example = JsonSerializer.SerializeToNode(example, json.GetTypeInfo(type));
        }
    }

    private static async Task<OpenApiResponse> ResponseAsync(
        List<ProblemKind> kinds, OpenApiOperationTransformerContext context, JsonSerializerOptions json, CancellationToken cancellationToken)
    {
        var media = new OpenApiMediaType();
        var schemas = new List<IOpenApiSchema>();
        foreach (var kind in kinds)
        {
            schemas.Add(await ReferToAsync(kind, context, cancellationToken));
        }

        media.Schema = schemas is [var only] ? only : new OpenApiSchema { OneOf = schemas };
        media.Examples = kinds.ToDictionary(kind => kind.Name, kind => (IOpenApiExample)new OpenApiExample { Summary = kind.When, Value = ExampleOf(kind, json) });
        var response = new OpenApiResponse
        {
            Description = string.Join('\n', kinds.Select(kind => kinds.Count == 1 ? kind.When : $"- `{kind.Name}`: {kind.When}")),
            Content = new Dictionary<string, OpenApiMediaType> { [ProblemJson] = media },
        };
        if (kinds.Any(kind => kind.Retry))
        {
            Tell(response, "Retry-After", "Seconds to wait before the next try.", "5", required: kinds.All(kind => kind.Retry));
        }

        if (kinds[0].Status == StatusCodes.Status401Unauthorized)
        {
            Tell(response, "WWW-Authenticate", "How to authenticate (RFC 9110, section 11.6.1).", "Bearer", required: true);
        }

        return response;
    }

    private static async Task<OpenApiSchemaReference> ReferToAsync(
        ProblemKind kind, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var document = context.Document!;
        var id = string.Concat(kind.Name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..])) + "Problem";
        if (document.Components?.Schemas?.ContainsKey(id) != true)
        {
            var schema = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = kind.When,
                Properties = new Dictionary<string, IOpenApiSchema>
                {
                    ["type"] = new OpenApiSchema { Type = JsonSchemaType.String, Format = "uri", Enum = [Problems.TypePrefix + kind.Name] },
                    ["title"] = new OpenApiSchema { Type = JsonSchemaType.String },
                    ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int32", Enum = [kind.Status] },
                    ["detail"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "A sentence about this very case." },
                    ["traceId"] = new OpenApiSchema { Type = JsonSchemaType.String, Description = "What the logs and traces of the service know it by." },
                },
                Required = new HashSet<string>(["type", "title", "status", "detail", "traceId"]),
            };
            if (kind.Extension is { } extension)
            {
                schema.Properties[extension] = await context.GetOrCreateSchemaAsync(kind.ExtensionType!, cancellationToken: cancellationToken);
                schema.Required.Add(extension);
            }

            document.AddComponent<IOpenApiSchema>(id, schema);
        }

        return new(id, document);
    }

    private static JsonObject ExampleOf(ProblemKind kind, JsonSerializerOptions json)
    {
        var example = new JsonObject
        {
            ["type"] = Problems.TypePrefix + kind.Name,
            ["title"] = Problems.TitleOf(kind.Name),
            ["status"] = kind.Status,
            ["detail"] = kind.When.Replace("`", "'", StringComparison.Ordinal),
        };
        if (kind.Extension is { } extension)
        {
            example[extension] = JsonSerializer.SerializeToNode(kind.Example, json.GetTypeInfo(kind.ExtensionType!));
        }

        example["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736";
        return example;
    }

    private static void SortByStatus(OpenApiResponses responses)
    {
        var sorted = responses.OrderBy(response => response.Key, StringComparer.Ordinal).ToList();
        responses.Clear();
        foreach (var (status, response) in sorted)
        {
            responses.Add(status, response);
        }
    }

    /// <summary>What the serializer does and its schemas don't tell.</summary>
    private static Task Refine(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var orNull = type == context.JsonTypeInfo.Type ? default : JsonSchemaType.Null;
        if (type == typeof(decimal))
        {
            schema.Format = "decimal";
        }
        else if (type == typeof(DateTimeOffset))
        {
            (schema.Type, schema.Format) = (JsonSchemaType.String | orNull, "date-time");
        }
        else if (type.IsEnum)
        {
            schema.Type = JsonSchemaType.String;
        }

        var properties = context.JsonTypeInfo.Properties;
        foreach (var property in properties.Where(property => property.AttributeProvider?.IsDefined(typeof(JsonIgnoreAttribute), true) == true))
        {
            // Absent rather than null.
            schema.Required?.Remove(property.Name);
            if (schema.Properties is { } fields && fields.TryGetValue(property.Name, out var field) && field is OpenApiSchema absent)
            {
                absent.Type &= ~JsonSchemaType.Null;
            }
        }

        // What a request has to have is nullable only for the handler, which says so by name.
        if (type.Name.EndsWith("Request", StringComparison.Ordinal) || type == typeof(RequestedLine) || Imported.Contains(type))
        {
            foreach (var (name, property) in schema.Properties ?? new Dictionary<string, IOpenApiSchema>())
            {
                if (property is OpenApiSchema limited)
                {
                    Limit(
                        name,
                        limited,
                        leastQuantity: type == typeof(SetQuantityRequest) ? "0" : "1",
                        reasonLength: type == typeof(OrderRecordStep) ? OrderRecords.ReasonLength : OrderLimits.ReasonLength);
                    if (schema.Required?.Contains(name) == true)
                    {
                        limited.Type &= ~JsonSchemaType.Null;
                    }
                }
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>The bounds that <see cref="InputErrors"/> checks.</summary>
    private static void Limit(string name, OpenApiSchema field, string leastQuantity, int reasonLength)
    {
        switch (name)
        {
            case "productId":
                (field.MinLength, field.MaxLength, field.Pattern) = (1, OrderLimits.ProductIdLength, InputErrors.ProductIdPattern);
                break;
            case "quantity":
                (field.Minimum, field.Maximum) = (leastQuantity, OrderLimits.MaxQuantity.ToString(CultureInfo.InvariantCulture));
                break;
            case "limit":
                (field.Minimum, field.Maximum) = ("1", ReplayDeadLetters.MaxLimit.ToString(CultureInfo.InvariantCulture));
                break;
            case "direction":
                field.Enum = [.. Enum.GetNames<DeadLetterDirection>().Select(name => (JsonNode)name.ToUpperInvariant())];
                break;
            case "orderId" or "fromCartId":
                field.Format = "uuid";
                break;
            case "items" or "lines":
                (field.MinItems, field.MaxItems) = (1, OrderLimits.MaxLines);
                break;
            case "shippingAddress":
                (field.MinLength, field.MaxLength) = (1, OrderLimits.AddressLength);
                break;
            case "notes":
                field.MaxLength = OrderLimits.NotesLength;
                break;
            case "reason":
                field.MaxLength = reasonLength;
                break;
            case "externalId":
                (field.MinLength, field.MaxLength) = (1, ImportedOrder.ExternalIdLength);
                break;
            case "productName":
                (field.MinLength, field.MaxLength) = (1, OrderLimits.ProductNameLength);
                break;
            case "currency":
                (field.MinLength, field.MaxLength, field.Pattern) = (3, 3, "^[A-Z]{3}$");
                break;
            case "unitPrice":
                field.Minimum = "0";
                break;
            case "history":
                field.MaxItems = OrderRecords.MaxSteps;
                break;
            case "by":
                field.MaxLength = OrderRecords.ActorLength;
                break;
            default:
                break;
        }
    }
}
