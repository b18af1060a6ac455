using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Net.Http.Headers;

namespace Stubs;

/// <summary>What the three stubs have in common besides the service defaults: strict JSON, problems for every error, an OpenAPI document.</summary>
internal static class StubDefaults
{
    /// <summary>Adds the OpenAPI document, strict JSON (no numbers in strings, enums by name) and problem details, bad input included.</summary>
    public static WebApplicationBuilder AddStubDefaults(this WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi();
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<BadRequestHandler>();
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            options.SerializerOptions.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        });
        builder.Services.AddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>Turns exceptions and empty error responses into problems, and serves <c>/openapi/v1.json</c>.</summary>
    public static WebApplication UseStubDefaults(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(RefuseForeignCharsets);
        app.MapOpenApi();
        return app;
    }

    /// <summary>JSON is UTF-8 (RFC 8259, section 8.1); the framework's reader throws on a charset that it doesn't know, and on a quoted one.</summary>
    private static Task RefuseForeignCharsets(HttpContext context, RequestDelegate next)
    {
        if (context.Request.GetTypedHeaders().ContentType is { Charset.HasValue: true } type)
        {
            if (!HeaderUtilities.RemoveQuotes(type.Charset).Equals("utf-8", StringComparison.OrdinalIgnoreCase))
            {
                context.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
                return Task.CompletedTask;
            }

            type.Charset = "utf-8";
            context.Request.ContentType = type.ToString();
        }

        return next(context);
    }
}
