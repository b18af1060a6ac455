using System.Diagnostics.Metrics;
using System.Text.Json;
using System.Text.RegularExpressions;
using OrderService.Core;
using OrderService.Tests.Shop;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace OrderService.Tests.Rules;

/// <summary>The dashboard, the alerts and the documents name what the code measures, and nothing else.</summary>
public sealed partial class TelemetryNameTests
{
    private const string Dashboard = "deploy/grafana/order-service.json";

    /// <summary>Metrics of the framework, of Npgsql and of the runtime.</summary>
    private static readonly string[] OthersMetrics = ["aspnetcore_", "db_client_", "dotnet_", "http_client_", "http_server_", "kestrel_"];

    private static readonly IReadOnlyList<Metric> Ours = ReadInstruments();

    private static readonly IReadOnlyList<string[]> Documented = Documents.Rows("telemetry.md", "Name", "Type", "Unit");

    [Fact]
    public void Every_metric_of_ours_is_in_the_documents_table_as_it_is_and_no_other()
    {
        var documented = Documented.Select(row => new Metric(Documents.Quoted(row[0]).Single(), row[1], Documents.Quoted(row[2]).Single()));

        Assert.Equal(Ours.OrderBy(metric => metric.Name, StringComparer.Ordinal), documented.OrderBy(metric => metric.Name, StringComparer.Ordinal));
    }

    [Fact]
    public void Units_are_those_of_ucum_and_names_have_no_unit_in_them()
    {
        Assert.All(Ours, metric => Assert.Matches(@"^(s|\{[a-z]+\})$", metric.Unit));
        Assert.All(Ours, metric => Assert.Matches(@"^[a-z]+(\.[a-z]+)+$", metric.Name));
        Assert.All(Ours, metric => Assert.DoesNotMatch(@"seconds|total|count$", metric.Name));
    }

    [Fact]
    public void The_dashboard_reads_metrics_that_there_are()
    {
        var queries = Queries().ToList();

        Assert.NotEmpty(queries);
        Assert.All(queries, IsOfKnownMetrics);
    }

    [Fact]
    public void The_dashboard_shows_every_metric_of_ours()
    {
        var shown = Queries().SelectMany(NamesIn).ToHashSet();

        Assert.All(Ours, metric => Assert.True(metric.InPrometheus.Any(shown.Contains), $"{metric.Name} is on no panel."));
    }

    [Fact]
    public void The_dashboards_panels_have_ids_of_their_own_and_ask_the_chosen_data_source()
    {
        using var dashboard = JsonDocument.Parse(Documents.Read(Dashboard));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();

        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.All(panels.SelectMany(TargetsOf), target => Assert.Equal("${datasource}", target.GetProperty("datasource").GetProperty("uid").GetString()));
        Assert.Contains(panels.SelectMany(TargetsOf), target => target.TryGetProperty("exemplar", out var exemplar) && exemplar.GetBoolean());
    }

    [Fact]
    public void The_alerts_read_metrics_that_there_are()
    {
        var alerts = Alerts();

        Assert.NotEmpty(alerts);
        Assert.All(alerts, alert => IsOfKnownMetrics(alert.Expr));
        Assert.Equal(alerts.Count, alerts.Select(alert => alert.Alert).Distinct().Count());
    }

    [Fact]
    public void Every_alert_says_how_bad_it_is_and_what_to_do_and_the_runbook_names_it()
    {
        var anchors = Documents.Anchors("operations.md");
        var runbook = Documents.Read("operations.md");

        foreach (var alert in Alerts())
        {
            Assert.True(alert.Labels["severity"] is "critical" or "warning", alert.Alert);
            Assert.NotEmpty(alert.Annotations["summary"]);
            Assert.NotEmpty(alert.Annotations["description"]);
            Assert.StartsWith("docs/operations.md#", alert.Annotations["runbook_url"], StringComparison.Ordinal);
            Assert.Contains(alert.Annotations["runbook_url"].Split('#')[1], anchors);
            Assert.Contains($"`{alert.Alert}`", runbook, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("telemetry.md")]
    [InlineData("operations.md")]
    [InlineData("configuration.md")]
    public void What_one_document_says_about_another_leads_to_a_heading_of_it(string document)
    {
        var links = Link().Matches(Documents.ReadProse(document))
            .Select(match => (Page: match.Groups["page"].Value, Anchor: match.Groups["anchor"].Value))
            .ToList();

        Assert.All(links, link => Assert.Contains(link.Anchor, Documents.Anchors(link.Page.Length > 0 ? link.Page : document)));
    }

    [Fact]
    public void The_runbook_names_metrics_alerts_and_log_events_that_there_are()
    {
        var runbook = Documents.ReadProse("operations.md");
        var metrics = Ours.Select(metric => metric.Name).ToHashSet();
        var alerts = Alerts().Select(alert => alert.Alert).ToHashSet();
        var attributes = Documented.SelectMany(row => Documents.Quoted(row[3])).ToHashSet();

        Assert.All(
            Documents.Quoted(runbook).Where(name => OurName().IsMatch(name) && !attributes.Contains(name)),
            name => Assert.Contains(name, metrics));
        Assert.All(
            Documents.Quoted(runbook).Where(name => name.StartsWith("OrderService", StringComparison.Ordinal)),
            name => Assert.Contains(name, alerts));
        var events = Documents.Rows("telemetry.md", "Id", "Name", "Level").Select(row => row[0]).ToHashSet();
        Assert.All(EventId().Matches(runbook).Select(match => match.Value), id => Assert.Contains(id, events));
    }

    /// <summary>Everything that the code creates, in whichever process.</summary>
    private static List<Metric> ReadInstruments()
    {
        var seen = new List<Metric>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (ReferenceEquals(instrument.Meter, OrderTelemetry.Meter))
                {
                    seen.Add(new(instrument.Name, TypeOf(instrument), instrument.Unit ?? ""));
                }
            },
        };
        OrderTelemetry.ObserveBacklog(() => null, TimeProvider.System);
        OrderTelemetry.ObserveConsumerLag(() => new Dictionary<string, long>());
        OrderTelemetry.ObserveOrphans(() => 0);
        listener.Start();
        return [.. seen.Distinct()];
    }

    private static string TypeOf(Instrument instrument) => instrument.GetType().Name.Split('`')[0] switch
    {
        "Counter" or "ObservableCounter" => "counter",
        "UpDownCounter" or "ObservableUpDownCounter" => "up-down counter",
        "Histogram" => "histogram",
        "Gauge" or "ObservableGauge" => "gauge",
        var other => other,
    };

    private static void IsOfKnownMetrics(string query)
    {
        var names = NamesIn(query);
        var ours = Ours.SelectMany(metric => metric.InPrometheus).ToHashSet();
        var labels = Documented.SelectMany(row => Documents.Quoted(row[3])).Select(attribute => attribute.Replace('.', '_')).ToHashSet();

        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.True(
            ours.Contains(name) || OthersMetrics.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)), $"There is no metric {name}: {query}"));

        // One that is written without braces is no less wrong.
        Assert.All(
            OurWord().Matches(query).Select(match => match.Value).Where(word => !labels.Contains(word)),
            word => Assert.True(ours.Contains(word), $"There is no metric or label {word}: {query}"));
    }

    /// <summary>What stands before braces is a metric.</summary>
    private static List<string> NamesIn(string query) => [.. Selector().Matches(query).Select(match => match.Groups[1].Value)];

    private static IEnumerable<string> Queries()
    {
        using var dashboard = JsonDocument.Parse(Documents.Read(Dashboard));
        foreach (var target in dashboard.RootElement.GetProperty("panels").EnumerateArray().SelectMany(TargetsOf))
        {
            yield return target.GetProperty("expr").GetString()!;
        }
    }

    private static IEnumerable<JsonElement> TargetsOf(JsonElement panel) =>
        panel.TryGetProperty("targets", out var targets) ? targets.EnumerateArray() : [];

    private static List<AlertRule> Alerts() =>
    [
        .. new DeserializerBuilder().WithNamingConvention(UnderscoredNamingConvention.Instance).Build()
            .Deserialize<RuleFile>(Documents.Read("deploy/alerts/order-service.yaml"))
            .Groups.SelectMany(group => group.Rules),
    ];

    [GeneratedRegex(@"\b([a-z][a-z0-9_]*)\{")]
    private static partial Regex Selector();

    [GeneratedRegex(@"\b(orders|outbox|inbox|messages|requests|refunds|reservations|cart|consumer)_[a-z0-9_]+\b")]
    private static partial Regex OurWord();

    [GeneratedRegex(@"^(orders|outbox|inbox|messages|requests|refunds|reservations|cart|consumer)\.[a-z.]+$")]
    private static partial Regex OurName();

    [GeneratedRegex(@"\b[1-3]\d{3}\b")]
    private static partial Regex EventId();

    [GeneratedRegex(@"\]\((?<page>[a-z]+\.md)?#(?<anchor>[^)]+)\)")]
    private static partial Regex Link();

    /// <summary>A metric as the code has it.</summary>
    private sealed record Metric(string Name, string Type, string Unit)
    {
        /// <summary>Its names in Prometheus, by OpenTelemetry's rules.</summary>
        public IEnumerable<string> InPrometheus
        {
            get
            {
                var name = Name.Replace('.', '_') + (Unit == "s" ? "_seconds" : "");
                return Type switch
                {
                    "counter" => [$"{name}_total"],
                    "histogram" => [$"{name}_bucket", $"{name}_sum", $"{name}_count"],
                    _ => [name],
                };
            }
        }
    }

    /// <summary>A file of Prometheus's rules. What it has beyond this is refused.</summary>
    public sealed class RuleFile
    {
        public List<RuleGroup> Groups { get; set; } = [];
    }

    /// <summary>Rules that are evaluated together.</summary>
    public sealed class RuleGroup
    {
        public string Name { get; set; } = "";

        public List<AlertRule> Rules { get; set; } = [];
    }

    /// <summary>An alert.</summary>
    public sealed class AlertRule
    {
        public string Alert { get; set; } = "";

        public string Expr { get; set; } = "";

        public string For { get; set; } = "";

        public Dictionary<string, string> Labels { get; set; } = [];

        public Dictionary<string, string> Annotations { get; set; } = [];
    }
}
