using System.Text;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace OrderService.Api.Http;

/// <summary>What holds for every route: limits, JSON, problem details.</summary>
internal static class HttpContract
{
    /// <summary>Bytes of a request's body.</summary>
    public const int MaxBodySize = 64 * 1024;

    /// <summary>Bytes of a request line. Room for an absurdly long id, which then gets the same 404 as any unknown one.</summary>
    private const int MaxRequestLineSize = 32 * 1024;

    /// <summary>Levels of JSON, several times what any body has.</summary>
    private const int MaxJsonDepth = 16;

    /// <summary>How long a client may take to say what it wants. How slowly a body may come is Kestrel's default, 240 bytes a second.</summary>
    private static readonly TimeSpan RequestHeadersTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Bytes of an answer that wait for a client, so that one who reads slowly does not hold up the request: most of the largest ones.</summary>
    private const int MaxResponseBufferSize = 1024 * 1024;

    /// <summary>Adds it.</summary>
    public static void AddHttpContract(this WebApplicationBuilder builder)
    {
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBodySize;
            kestrel.Limits.MaxRequestLineSize = MaxRequestLineSize;
            kestrel.Limits.RequestHeadersTimeout = RequestHeadersTimeout;
            kestrel.Limits.MaxResponseBufferSize = MaxResponseBufferSize;

            // Every byte has a character there, so that odd headers get our answers and not a bare 400.
            kestrel.RequestHeaderEncodingSelector = _ => Encoding.Latin1;
        });

        builder.Services.ConfigureHttpJsonOptions(http =>
        {
            var json = http.SerializerOptions;
            json.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            foreach (var converter in ApiJson.Default.Options.Converters)
            {
                json.Converters.Add(converter);
            }

            json.MaxDepth = MaxJsonDepth;
            json.NumberHandling = JsonNumberHandling.Strict;
            json.AllowDuplicateProperties = false;
        });

        // The framework would swallow the reason of a 400 outside Development.
        builder.Services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        builder.Services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        builder.Services.AddProblemDetails();
        builder.Services.AddExceptionHandler<ExceptionMapping>();
        builder.Services.AddApiDocument();
    }

    /// <summary>Puts it around everything that follows.</summary>
    public static void UseHttpContract(this WebApplication app)
    {
        app.UseSecurityHeaders();
        app.Use(AnnounceEndAsync);
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.Use(RefuseOtherEncodingsAsync);
    }

    /// <summary>
    /// Kestrel ends the connection of a body that is too large, or turns out to be, and that nobody read; who is not told so loses the next
    /// request on it, which behind a gateway is somebody else's.
    /// </summary>
    private static Task AnnounceEndAsync(HttpContext http, RequestDelegate next)
    {
        if (!(http.Request.ContentLength <= MaxBodySize)
            && HttpProtocol.IsHttp11(http.Request.Protocol)
            && http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true })
        {
            http.Response.OnStarting(() =>
            {
                if (http.Features.Get<ReceivedBody>() is null)
                {
                    http.Response.Headers.Connection = "close";
                }

                return Task.CompletedTask;
            });
        }

        return next(http);
    }

    /// <summary>JSON between systems is UTF-8 (RFC 8259, section 8.1).</summary>
    private static Task RefuseOtherEncodingsAsync(HttpContext http, RequestDelegate next)
    {
        if (!MediaTypeHeaderValue.TryParse(http.Request.ContentType, out var type)
            || !type.Charset.HasValue
            || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
        {
            return next(http);
        }

        http.Response.StatusCode = StatusCodes.Status415UnsupportedMediaType;
        return Task.CompletedTask;
    }
}
