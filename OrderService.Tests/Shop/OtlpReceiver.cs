using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace OrderService.Tests.Shop;

/// <summary>
/// Takes OTLP over HTTP, as a collector does. Exports are kept as they came: in protobuf a trace id is its sixteen bytes and a name its
/// UTF-8, so what was exported together can be looked for without the schema.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<byte[]> _traces = new();
    private readonly ConcurrentQueue<byte[]> _metrics = new();
    private readonly ConcurrentQueue<byte[]> _logs = new();
    private readonly WebApplication _app;

    private OtlpReceiver(WebApplication app) => _app = app;

    public string Endpoint => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    public static async Task<OtlpReceiver> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var receiver = new OtlpReceiver(builder.Build());
        receiver._app.MapPost("/v1/traces", (HttpRequest request) => KeepAsync(request, receiver._traces));
        receiver._app.MapPost("/v1/metrics", (HttpRequest request) => KeepAsync(request, receiver._metrics));
        receiver._app.MapPost("/v1/logs", (HttpRequest request) => KeepAsync(request, receiver._logs));
        await receiver._app.StartAsync();
        return receiver;
    }

    /// <summary>Whether a service exported a span of that name in that trace.</summary>
    public bool HasSpan(string traceId, string service, string name)
    {
        var trace = Convert.FromHexString(traceId);
        return _traces.Any(export => Has(export, trace) && Has(export, Encoding.UTF8.GetBytes(service)) && Has(export, Encoding.UTF8.GetBytes(name)));
    }

    /// <summary>Whether a service exported an instrument of that name.</summary>
    public bool HasMetric(string service, string name) =>
        _metrics.Any(export => Has(export, Encoding.UTF8.GetBytes(service)) && Has(export, Encoding.UTF8.GetBytes(name)));

    /// <summary>What a service exported last of an instrument.</summary>
    public IReadOnlyList<MetricPoint> MetricsOf(string service, string name) => _metrics.Reverse()
        .Where(export => Has(export, Encoding.UTF8.GetBytes(service)) && Has(export, Encoding.UTF8.GetBytes(name)))
        .Select(export => OtlpMetrics.Read(export).Where(point => point.Service == service && point.Name == name).ToList())
        .FirstOrDefault(points => points.Count > 0, []);

    /// <summary>How often a service exported metrics so far.</summary>
    public int ExportsOf(string service) => _metrics.Count(export => IsOf(export, service));

    /// <summary>Whether a service's last export has an instrument.</summary>
    public bool TellsNow(string service, string name) =>
        _metrics.Reverse().FirstOrDefault(export => IsOf(export, service)) is { } last && Has(last, Encoding.UTF8.GetBytes(name));

    /// <summary>Every instrument that was exported, with the attributes that its values have.</summary>
    public IEnumerable<MetricPoint> AllMetrics() => _metrics.SelectMany(OtlpMetrics.Read);

    /// <summary>Whether a metric leads to this trace.</summary>
    public bool HasExemplar(string traceId) => _metrics.Any(export => Has(export, Convert.FromHexString(traceId)));

    /// <summary>Whether a service exported a log entry with this text in it.</summary>
    public bool HasLog(string text) => _logs.Any(export => Has(export, Encoding.UTF8.GetBytes(text)));

    /// <summary>Whether a text was exported in any signal.</summary>
    public bool Mentions(string text) => _traces.Concat(_metrics).Concat(_logs).Any(export => Has(export, Encoding.UTF8.GetBytes(text)));

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private static bool IsOf(byte[] export, string service) =>
        Has(export, Encoding.UTF8.GetBytes(service)) && OtlpMetrics.Read(export).Any(point => point.Service == service);

    private static bool Has(byte[] export, byte[] part) => export.AsSpan().IndexOf(part) >= 0;

    private static async Task<IResult> KeepAsync(HttpRequest request, ConcurrentQueue<byte[]> exports)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        exports.Enqueue(body.ToArray());
        return Results.Bytes([], "application/x-protobuf");
    }
}
