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

    /// <summary>The median of each round's ratio of the product to another side; <c>null</c> for what was not measured.</summary>
    /// <param name="scenario">Its name.</param>
    /// <param name="variant">What of it.</param>
    /// <param name="metric">What is compared.</param>
    /// <param name="side">With whom.</param>
    /// <param name="otherMetric">With what, if it has another name there.</param>
    public double? Ratio(string scenario, string variant, string metric, string side = Limit, string? otherMetric = null)
    {
        var values = _samples.Where(s => s.Scenario == scenario && s.Variant == variant).ToLookup(s => (s.Side, s.Metric));
        return Median(values[(Product, metric)].Join(
            values[(side, otherMetric ?? metric)], s => s.Round, s => s.Round, (product, other) => product.Value / other.Value));
    }

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? null : (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
