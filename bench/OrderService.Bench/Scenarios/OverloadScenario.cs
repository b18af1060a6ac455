namespace OrderService.Bench.Scenarios;

/// <summary>
/// Four times as many orders as the service can place, in turn with as many as it can. The clients share the processors with it, and answering
/// what is refused takes some of them too, so the ratio is what tells.
/// </summary>
internal sealed class OverloadScenario : Scenario
{
    public const string Name = "overload";

    /// <summary>The side that offers as much as is done.</summary>
    public const string Peak = "peak";

    /// <summary>The only variant.</summary>
    public const string Variant = "4 × the peak";

    private const int Factor = 4;

    /// <summary>So many that they can offer it while others wait: all that is let in, and as many again.</summary>
    private const int Clients = 640;

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        var call = PlaceScenario.Call(graph.Product);
        var (load, settings) = (call.Subject.Load, bench.Settings);
        Bench.Say($"{Name}: warming up");
        await Bench.WarmUpAsync(call, PlaceScenario.Usual.Clients, settings.WarmUp, cancellationToken);
        for (var round = 1; round <= settings.Rounds; round++)
        {
            await call.Subject.SettleAsync(cancellationToken);
            var peak = await load.RunAsync(PlaceScenario.Usual.Clients, settings.Length, call.Next, call.Expected, cancellationToken);
            await call.Subject.SettleAsync(cancellationToken);
            var (accepted, offered) = await load.OfferAsync(
                Clients, Factor * peak.Rate, settings.Length, call.Next, call.Expected, cancellationToken);

            Add(Peak, Metric.Rate, peak.Rate);
            Add(Peak, Metric.P99, peak.Percentile(0.99));
            Add(Results.Product, Metric.Rate, accepted.Rate);
            Add(Results.Product, Metric.P50, accepted.Percentile(0.5));
            Add(Results.Product, Metric.P99, accepted.Percentile(0.99));
            Add(Results.Product, "offered per second", offered / accepted.Elapsed.TotalSeconds);
            Bench.Say(FormattableString.Invariant(
                $"{Name}, round {round}: peak {peak.Rate:n0}/s; offered {offered / accepted.Elapsed.TotalSeconds:n0}/s, done {accepted.Rate:n0}/s ({accepted.Rate / peak.Rate:n2}), p99 {accepted.Percentile(0.99):n0} ms"));

            void Add(string side, string metric, double value) => bench.Results.Add(Name, Variant, side, round, metric, value);
        }
    }
}
