using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;
using OrderService.Core;

namespace OrderService.Api.Http;

/// <summary>How much this replica works on at once; section <c>Overload</c>.</summary>
internal sealed class OverloadOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Overload";

    /// <summary>Requests that read, at once.</summary>
    [Range(1, 100_000, ErrorMessage = "Overload:Reads is a number of requests, from 1.")]
    public int Reads { get; init; } = 48;

    /// <summary>Requests that change something, at once.</summary>
    [Range(1, 100_000, ErrorMessage = "Overload:Changes is a number of requests, from 1.")]
    public int Changes { get; init; } = 48;

    /// <summary>Requests that wait for either; those beyond are refused at once. 0 lets none wait.</summary>
    [Range(0, 100_000, ErrorMessage = "Overload:Queue is a number of requests; 0 lets none wait.")]
    public int Queue { get; init; } = 256;

    /// <summary>Streams of orders' events, at once.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Overload:Streams is a number of streams, from 1.")]
    public int Streams { get; init; } = 10_000;

    /// <summary>Connections, idle ones included; those beyond are closed at once.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Overload:Connections is a number of connections, from 1.")]
    public int Connections { get; init; } = 20_000;
}

/// <summary>An answer that goes on for as long as the client stays, or a body that is read as it comes: counted by itself.</summary>
internal sealed record StreamMetadata;

/// <summary>A feature of a request whose body is there as a whole.</summary>
internal sealed class ReceivedBody
{
    private ReceivedBody()
    {
    }

    /// <summary>The only one.</summary>
    public static ReceivedBody Instance { get; } = new();
}

/// <summary>
/// A bound on the work at once, with a short queue in front of it: what comes beyond is told so at once, and what is let in is done in time.
/// Reads and changes have one each, so that a Product service that hangs fills up the changes and leaves the reads alone. Who has a place has
/// sent the whole request: the body of a slow client is waited for outside.
/// </summary>
/// <remarks>
/// Not a policy of the rate limiter's middleware: that asks its limiters a second time for who has to queue, which would count a request
/// twice against its user.
/// </remarks>
internal sealed class Overload : IDisposable
{
    private const int RetryAfter = 1;

    private readonly ConcurrencyLimiter _reads;
    private readonly ConcurrencyLimiter _changes;
    private readonly ConcurrencyLimiter _streams;

    public Overload(IOptions<OverloadOptions> options)
    {
        var limits = options.Value;
        _reads = Limiter(limits.Reads, limits.Queue);
        _changes = Limiter(limits.Changes, limits.Queue);
        _streams = Limiter(limits.Streams, queue: 0);
    }

    /// <summary>Lets a request in, or refuses it. Probes and what is no route of the API are not counted.</summary>
    public async Task InvokeAsync(HttpContext http, RequestDelegate next)
    {
        if (LimiterOf(http) is not { } limiter)
        {
            await next(http);
            return;
        }

        if (limiter != _streams)
        {
            await ReceiveAsync(http);
        }

        using var lease = await limiter.AcquireAsync(1, http.RequestAborted);
        if (lease.IsAcquired)
        {
            await next(http);
            return;
        }

        OrderTelemetry.Refused.Add(1);
        http.Response.Headers.RetryAfter = RetryAfter.ToString(CultureInfo.InvariantCulture);
        await Problems.Of(
            StatusCodes.Status503ServiceUnavailable,
            "overloaded",
            "There is more to do than this service can do in time. Try again in a moment.").ExecuteAsync(http);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _reads.Dispose();
        _changes.Dispose();
        _streams.Dispose();
    }

    private ConcurrencyLimiter? LimiterOf(HttpContext http) =>
        http.GetEndpoint() is not RouteEndpoint route || !http.Request.Path.StartsWithSegments("/api") ? null
        : route.Metadata.GetMetadata<StreamMetadata>() is not null ? _streams
        : HttpMethods.IsGet(http.Request.Method) || HttpMethods.IsHead(http.Request.Method) ? _reads
        : _changes;

    /// <summary>Waits until the body is there, and leaves it to be read. Kestrel bounds its size and how slowly it may come.</summary>
    private static async Task ReceiveAsync(HttpContext http)
    {
        if (http.Features.Get<IHttpRequestBodyDetectionFeature>() is not { CanHaveBody: true })
        {
            return;
        }

        var body = http.Request.BodyReader;
        while (true)
        {
            var read = await body.ReadAsync(http.RequestAborted);
            if (read.IsCompleted)
            {
                body.AdvanceTo(read.Buffer.Start);
                http.Features.Set(ReceivedBody.Instance);
                return;
            }

            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static ConcurrencyLimiter Limiter(int permits, int queue) => new(new()
    {
        PermitLimit = permits, QueueLimit = queue, QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });
}

/// <summary>Puts <see cref="Overload"/> in front of the routes.</summary>
internal static class OverloadExtensions
{
    /// <summary>Adds it as configured.</summary>
    public static void AddOverload(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<OverloadOptions>().BindConfiguration(OverloadOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<Overload>();
    }

    /// <summary>Puts it in front of what follows. The settings are checked by now.</summary>
    public static void UseOverload(this WebApplication app)
    {
        // The server was made before settings could be checked, and looks at this when it begins to listen.
        app.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits.MaxConcurrentConnections =
            app.Services.GetRequiredService<IOptions<OverloadOptions>>().Value.Connections;
        app.Use((http, next) => http.RequestServices.GetRequiredService<Overload>().InvokeAsync(http, next));
    }

    /// <summary>Counts the route's requests as streams.</summary>
    public static TBuilder Streams<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new StreamMetadata());
}
