using System.Globalization;
using System.Net;

namespace OrderService.Bench.Scenarios;

/// <summary>POST /api/orders with everything: three lines, a new idempotency key each, many customers.</summary>
internal sealed class PlaceScenario : Scenario
{
    public const string Name = "place";

    /// <summary>The same with every trace, metric and log exported to a collector that takes and forgets them.</summary>
    public const string Traced = "place-traced";

    /// <summary>The one number of clients of other scenarios.</summary>
    public static readonly (string Name, int Clients) Usual = (Variant(32), 32);

    public override IReadOnlyList<string> Names => [Name, Traced];

    /// <summary>The name of a variant.</summary>
    public static string Variant(int clients) => string.Create(CultureInfo.InvariantCulture, $"{clients} {(clients == 1 ? "client" : "clients")}");

    /// <summary>A new order each time.</summary>
    public static Call Call(Subject subject) => new(subject, subject.Requests.Place, HttpStatusCode.Created);

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        if (bench.Wants(Name))
        {
            await bench.CompareAsync(
                Name,
                [.. bench.Settings.Clients.Select(clients => (Variant(clients), clients))],
                [Call(graph.Product), Call(graph.Limit)],
                cancellationToken);
        }

        if (bench.Wants(Traced))
        {
            await using var sink = await TelemetrySink.StartAsync();
            await RestartAsync(graph, sink.Endpoint, cancellationToken);
            await bench.CompareAsync(Traced, [Usual], [Call(graph.Product), Call(graph.Limit)], cancellationToken);
            await RestartAsync(graph, null, cancellationToken);
        }
    }

    private static async Task RestartAsync(Graph graph, string? telemetry, CancellationToken cancellationToken)
    {
        foreach (var resource in new[] { ResourceNames.Api, ResourceNames.Worker })
        {
            graph.Set(resource, "OTEL_EXPORTER_OTLP_ENDPOINT", telemetry);
            graph.Set(resource, "OTEL_EXPORTER_OTLP_PROTOCOL", telemetry is null ? null : "http/protobuf");
            graph.Set(resource, "OTEL_TRACES_SAMPLER", telemetry is null ? null : "always_on");
            await graph.RestartAsync(resource, cancellationToken);
        }

        graph.Product.Reconnect();
    }
}
