namespace OrderService.Bench;

/// <summary>One measured value.</summary>
/// <param name="Scenario">Name of the scenario.</param>
/// <param name="Variant">What of it: a number of clients, for instance.</param>
/// <param name="Side"><see cref="Results.Product"/> or <see cref="Results.Limit"/>.</param>
/// <param name="Round">From 1.</param>
/// <param name="Metric">What was measured, with its unit.</param>
/// <param name="Value">How much.</param>
internal sealed record Sample(string Scenario, string Variant, string Side, int Round, string Metric, double Value);

/// <summary>All measured values, and their medians over the rounds.</summary>
internal sealed class Results
{
    /// <summary>The side of the order service.</summary>
    public const string Product = "product";

    /// <summary>The side of the bare program.</summary>
    public const string Limit = "limit";

    private readonly List<Sample> _samples = [];

    /// <summary>In the order in which they were measured.</summary>
    public IReadOnlyList<Sample> Samples => _samples;

    /// <summary>Adds a value.</summary>
    public void Add(string scenario, string variant, string side, int round, string metric, double value) =>
        _samples.Add(new(scenario, variant, side, round, metric, value));

    /// <summary>The median over the rounds; <c>null</c> for what was not measured.</summary>
    public double? Median(string scenario, string variant, string side, string metric) =>
        Median(_samples.Where(s => s.Scenario == scenario && s.Variant == variant && s.Side == side && s.Metric == metric).Select(s => s.Value));

    /// <summary>The median of each round's ratio of the product to the limit.</summary>
    public double? Ratio(string scenario, string variant, string metric)
    {
        var rounds = _samples.Where(s => s.Scenario == scenario && s.Variant == variant && s.Metric == metric).ToLookup(s => s.Side);
        return Median(rounds[Product].Join(rounds[Limit], s => s.Round, s => s.Round, (product, limit) => product.Value / limit.Value));
    }

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
