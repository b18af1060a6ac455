namespace OrderService.Bench.Scenarios;

/// <summary>Something to measure, or several things that need the same preparation.</summary>
internal abstract class Scenario
{
    /// <summary>Names by which they are chosen.</summary>
    public abstract IReadOnlyList<string> Names { get; }

    /// <summary>Measures those that are chosen.</summary>
    /// <param name="bench">What it is measured with.</param>
    /// <param name="cancellationToken">Somebody wants it to end.</param>
    public abstract Task RunAsync(Bench bench, CancellationToken cancellationToken);
}
