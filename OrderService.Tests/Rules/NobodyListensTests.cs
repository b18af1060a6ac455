using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OpenTelemetry.Metrics;
using OrderService.Core;

namespace OrderService.Tests.Rules;

/// <summary>Metrics cost nothing where they are not exported.</summary>
public sealed class NobodyListensTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData("http://127.0.0.1:1", true)]
    public void Instruments_are_on_only_where_metrics_are_exported(string? endpoint, bool isOn)
    {
        // Without files of settings, which would be watched.
        var builder = Host.CreateEmptyApplicationBuilder(new() { ApplicationName = nameof(NobodyListensTests) });
        builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"] = endpoint;
        builder.Configuration["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf";
        builder.AddServiceDefaults();
        using var host = builder.Build();
        Assert.NotNull(host.Services.GetService<MeterProvider>());
        using var meter = new Meter(OrderTelemetry.Name);

        var counter = meter.CreateCounter<long>("tests.counter");
        var gauge = meter.CreateObservableGauge("tests.gauge", () => 1);

        Assert.Equal((isOn, isOn), (counter.Enabled, gauge.Enabled));
    }
}
