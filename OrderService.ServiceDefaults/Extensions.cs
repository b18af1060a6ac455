using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Http.Resilience;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using OrderService.ServiceDefaults;

namespace Microsoft.Extensions.Hosting;

/// <summary>What every service of the shop has in common: telemetry, health, service discovery and resilient HTTP clients.</summary>
public static class Extensions
{
    private const string AlivePath = "/alive";
    private const string HealthPath = "/health";
    private const string LiveTag = "live";

    /// <summary>The activity source and meter of the order service's own code, whichever process runs it.</summary>
    private const string OrderServiceTelemetry = "OrderService";

    /// <summary>A probe has to answer before the prober gives up, so a check that hangs counts as failed.</summary>
    private static readonly TimeSpan HealthCheckTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long a process that is asked to stop may finish what it has begun; whoever asks is to wait a little longer before a kill.</summary>
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Adds OpenTelemetry, health checks, service discovery and the standard resilience handler for every <see cref="HttpClient"/>.
    /// Telemetry is exported when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set; the other <c>OTEL_</c> settings, <c>OTEL_TRACES_SAMPLER</c>
    /// among them, apply as OpenTelemetry documents them. Without it traces are handed on but not recorded.
    /// </summary>
    public static TBuilder AddServiceDefaults<TBuilder>(this TBuilder builder)
        where TBuilder : IHostApplicationBuilder
    {
        builder.AddConsoleLog();
        builder.AddTelemetry();
        builder.AddDefaultHealthChecks();

        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http =>
        {
            // Calls between services: traced and measured, so not logged as well; no redirects, no cookies.
            http.RemoveAllLoggers();
            http.UseSocketsHttpHandler((handler, _) => (handler.AllowAutoRedirect, handler.UseCookies) = (false, false));

            // A circuit breaker for each service: the defaults of all clients are one pipeline otherwise, and one service's outage everybody's.
            http.AddStandardResilienceHandler().SelectPipelineByAuthority();
            http.AddServiceDiscovery();
        });

        return builder;
    }

    /// <summary>
    /// Marks a dependency without which the process still does its main work: while the health check <paramref name="name"/> fails,
    /// <c>/health</c> says Degraded and stays 200.
    /// </summary>
    /// <param name="builder">The application.</param>
    /// <param name="name">The check's name, as <c>/health</c> shows it.</param>
    /// <exception cref="InvalidOperationException">At start-up: there is no such health check.</exception>
    public static TBuilder TreatAsOptional<TBuilder>(this TBuilder builder, string name)
        where TBuilder : IHostApplicationBuilder
    {
        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            var registration = options.Registrations.FirstOrDefault(check => check.Name == name)
                ?? throw new InvalidOperationException(
                    $"There is no health check '{name}' to treat as optional. Registered: {string.Join(", ", options.Registrations.Select(check => check.Name))}.");
            registration.FailureStatus = HealthStatus.Degraded;
        });

        return builder;
    }

    /// <summary>
    /// Maps <c>/alive</c> (the process runs) and <c>/health</c> (it is ready; every dependency is listed, and 503 if one that it can't
    /// work without is away). Both are for probes and operators: no authentication, no rate limit, no traces, and no secrets in the answer.
    /// </summary>
    public static WebApplication MapDefaultEndpoints(this WebApplication app)
    {
        Map(HealthPath, _ => true);
        Map(AlivePath, check => check.Tags.Contains(LiveTag));
        return app;

        void Map(string path, Func<HealthCheckRegistration, bool> predicate) => app
            .MapHealthChecks(path, new HealthCheckOptions { Predicate = predicate, ResponseWriter = HealthResponse.WriteAsync })
            .AllowAnonymous()
            .DisableRateLimiting()
            .DisableHttpMetrics();
    }

    /// <summary>
    /// Outside Development an entry of the log is one line of JSON, unless <c>Logging:Console:FormatterName</c> says otherwise. Much of what
    /// is logged was made up by callers: in JSON their line breaks and terminal codes are escaped, so that nobody writes entries of their own.
    /// </summary>
    private static void AddConsoleLog(this IHostApplicationBuilder builder)
    {
        if (!builder.Environment.IsDevelopment())
        {
            builder.Services.PostConfigure<ConsoleLoggerOptions>(console => console.FormatterName ??= ConsoleFormatterNames.Json);
            builder.Services.Configure<JsonConsoleFormatterOptions>(json =>
            {
                json.UseUtcTimestamp = true;
                json.TimestampFormat ??= "O";
            });
        }
    }

    private static void AddTelemetry(this IHostApplicationBuilder builder)
    {
        builder.Logging.AddOpenTelemetry(logging =>
        {
            logging.IncludeFormattedMessage = true;
            logging.IncludeScopes = true;
        });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics =>
            {
                metrics
                    .AddMeter(OrderServiceTelemetry, builder.Environment.ApplicationName)
                    .AddAspNetCoreInstrumentation()
                    .AddHttpClientInstrumentation()
                    .AddRuntimeInstrumentation();
                if (builder.Configuration["OTEL_METRICS_EXEMPLAR_FILTER"] is null)
                {
                    // From a slow bucket of a histogram to the trace of a request that fell into it.
                    metrics.SetExemplarFilter(ExemplarFilterType.TraceBased);
                }
            })
            .WithTracing(tracing => tracing
                .AddSource(OrderServiceTelemetry, builder.Environment.ApplicationName)
                .AddAspNetCoreInstrumentation(options => options.Filter = context => !IsProbe(context.Request.Path))
                .AddHttpClientInstrumentation());

        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.UseOtlpExporter();
        }
        else
        {
            // Nobody listens: spans are not recorded, only handed on, those of a caller who records in its state.
            telemetry.WithTracing(tracing => tracing.SetSampler(new ParentBasedSampler(new AlwaysOffSampler())));
        }
    }

    private static void AddDefaultHealthChecks(this IHostApplicationBuilder builder)
    {
        builder.Services.AddHealthChecks().AddCheck("self", () => HealthCheckResult.Healthy(), [LiveTag]);
        builder.Services.PostConfigure<HealthCheckServiceOptions>(options =>
        {
            foreach (var check in options.Registrations.Where(check => check.Timeout == Timeout.InfiniteTimeSpan))
            {
                check.Timeout = HealthCheckTimeout;
            }
        });
    }

    private static bool IsProbe(PathString path) => path.StartsWithSegments(HealthPath) || path.StartsWithSegments(AlivePath);
}
