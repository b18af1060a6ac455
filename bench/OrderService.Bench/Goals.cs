using OrderService.Bench.Scenarios;

namespace OrderService.Bench;

/// <summary>Something that the service is to reach.</summary>
/// <param name="Text">What.</param>
/// <param name="Judge">What was seen, and whether that is enough; <c>null</c> where it was not measured.</param>
internal sealed record Goal(string Text, Func<Results, Settings, (string Seen, bool Met)?> Judge);

/// <summary>All goals.</summary>
internal static class Goals
{
    private static readonly string Usual = PlaceScenario.Usual.Name;

    /// <summary>In the order in which they are told.</summary>
    public static IReadOnlyList<Goal> All { get; } =
    [
        new("Place order: at least 0.35 of the limit's rate", (r, _) => AtLeast(r.Ratio(PlaceScenario.Name, Usual, Metric.Rate), 0.35)),
        new(
            "Place order: at most 4 × the limit's CPU in the process that answers",
            (r, _) => AtMost(r.Ratio(PlaceScenario.Name, Usual, Metric.Cpu(ResourceNames.Api), otherMetric: Metric.Cpu(Graph.LimitName)), 4)),
        new("Get order: at least 0.7 of the limit's rate", (r, _) => AtLeast(r.Ratio(ReadScenario.Get, Usual, Metric.Rate), 0.7)),
        .. new[] { CartScenario.Get, CartScenario.Add, CartScenario.Set }.Select(name => new Goal(
            $"{name}: at least 0.5 of the limit's rate", (r, _) => AtLeast(r.Ratio(name, Usual, Metric.Rate), 0.5))),
        new("Backlog: at least 30,000 events/s, or 0.5 of the plain loop's", (r, s) => Drained(r, BacklogScenario.Variant(s))),
        .. new[] { LagScenario.Direct, LagScenario.ThroughApi }.Select(variant => new Goal(
            $"Lag at 1,000 orders/s, {variant}: p50 at most 10 ms, p99 at most 50 ms", (r, _) => Lag(r, variant))),
        .. GrowthScenario.Requests.Select(request => new Goal(
            $"{request}: at most 1.3 × the time in the largest database", (r, s) => Grown(r, s, GrowthScenario.Variant(request, s.Orders.Max())))),
        new("Overload, 4 × the peak offered: at least 0.8 of the peak's rate is done", (r, _) => AtLeast(r.Ratio(OverloadScenario.Name, OverloadScenario.Variant, Metric.Rate, OverloadScenario.Peak), 0.8)),
        new("Overload, 4 × the peak offered: p99 of what is let in below 1 s", (r, _) => AtMost(r.Median(OverloadScenario.Name, OverloadScenario.Variant, Results.Product, Metric.P99), 1_000)),
        new("API and worker under load: below 300 MB", (r, _) => AtMost(Memory(r, MemoryScenario.Loaded), 300)),
        new("API and worker idle: below 200 MB", (r, _) => AtMost(Memory(r, MemoryScenario.Idle), 200)),
        new("API, published, from start to healthy: below 1 s", (r, _) => AtMost(StartUp(r, StartUpScenario.Api), 1)),
        new("Whole graph from start to healthy: below 10 s", (r, _) => AtMost(StartUp(r, StartUpScenario.WholeGraph), 10)),
    ];

    private static (string, bool)? AtLeast(double? value, double goal) => value is { } seen ? (Report.Number(seen), seen >= goal) : null;

    private static (string, bool)? AtMost(double? value, double goal) => value is { } seen ? (Report.Number(seen), seen <= goal) : null;

    private static (string, bool)? Drained(Results results, string variant) =>
        results.Median(BacklogScenario.Name, variant, Results.Product, Metric.Rate) is { } rate
        && results.Ratio(BacklogScenario.Name, variant, Metric.Rate) is { } ratio
            ? ($"{Report.Number(rate)}/s, {Report.Number(ratio)} of the plain loop's", rate >= 30_000 || ratio >= 0.5)
            : null;

    private static (string, bool)? Lag(Results results, string variant) =>
        results.Median(LagScenario.Name, variant, Results.Product, Metric.P50) is { } half
        && results.Median(LagScenario.Name, variant, Results.Product, Metric.P99) is { } most
            ? ($"{Report.Number(half)} and {Report.Number(most)} ms", half <= 10 && most <= 50)
            : null;

    /// <summary>Time per request is the inverse of the rate.</summary>
    private static (string, bool)? Grown(Results results, Settings settings, string variant) =>
        AtMost(1 / results.Ratio(GrowthScenario.Name, variant, Metric.Rate, GrowthScenario.SmallSide(settings)), 1.3);

    private static double? Memory(Results results, string variant) =>
        results.Median(MemoryScenario.Name, variant, Results.Product, MemoryScenario.ApiAndWorker);

    private static double? StartUp(Results results, string variant) =>
        results.Median(StartUpScenario.Name, variant, Results.Product, StartUpScenario.Seconds);
}
