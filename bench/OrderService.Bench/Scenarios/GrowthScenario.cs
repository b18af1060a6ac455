using System.Globalization;

namespace OrderService.Bench.Scenarios;

/// <summary>
/// What get, list and place cost in a large database, each in turn with the same in a graph beside it whose database stays at the
/// smallest size, so that the machine's moods strike both.
/// </summary>
internal sealed class GrowthScenario : Scenario
{
    public const string Name = "growth";

    /// <summary>Table, indexes, and the log of their making.</summary>
    private const long BytesPerOrder = 2_000;

    private const int AtOnce = 250_000;

    /// <summary>The kinds of requests that are measured.</summary>
    public static readonly string[] Requests = ["get", "list of 10 orders", "list of 10,000 orders", "place"];

    public override IReadOnlyList<string> Names => [Name];

    /// <summary>The name of a variant.</summary>
    public static string Variant(string request, int orders) => string.Create(CultureInfo.InvariantCulture, $"{request}, {orders:n0} orders");

    /// <summary>The name of the side that does not grow.</summary>
    public static string SmallSide(Settings settings) => string.Create(CultureInfo.InvariantCulture, $"at {settings.Orders.Min():n0}");

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await bench.EndGraphAsync();
        var sizes = bench.Settings.Orders.Order().ToArray();
        RequireRoom(sizes[^1]);
        Bench.Say($"{Name}: starting two graphs");
        await using var small = await Graph.StartAsync(new(), cancellationToken);
        await using var large = await Graph.StartAsync(new(), cancellationToken);
        using var control = small.Product.As(SmallSide(bench.Settings));
        await FillAsync(small, 0, sizes[0], sizes[0], cancellationToken);
        await FillAsync(large, 0, sizes[0], sizes[^1], cancellationToken);
        var smallOrders = await Shop.SomeOrdersAsync(small.Orders, cancellationToken);
        for (var i = 1; i < sizes.Length; i++)
        {
            await FillAsync(large, sizes[i - 1], sizes[i], sizes[^1], cancellationToken);
            var largeOrders = await Shop.SomeOrdersAsync(large.Orders, cancellationToken);
            Call[][] calls =
            [
                [ReadScenario.One(control, smallOrders), ReadScenario.One(large.Product, largeOrders)],
                [ReadScenario.Page(control, Shop.SmallCustomer), ReadScenario.Page(large.Product, Shop.SmallCustomer)],
                [ReadScenario.Page(control, Shop.LargeCustomer), ReadScenario.Page(large.Product, Shop.LargeCustomer)],
                [PlaceScenario.Call(control), PlaceScenario.Call(large.Product)],
            ];
            foreach (var (request, sides) in Requests.Zip(calls))
            {
                await bench.CompareAsync(Name, [(Variant(request, sizes[i]), PlaceScenario.Usual.Clients)], sides, cancellationToken);
            }
        }
    }

    private static async Task FillAsync(Graph graph, int from, int to, int of, CancellationToken cancellationToken)
    {
        Bench.Say(FormattableString.Invariant($"{Name}: filling a database from {from:n0} to {to:n0} orders"));
        if (from == 0)
        {
            await Shop.AddCustomersAsync(graph.Orders, cancellationToken);
        }

        // Two connections at a time: one for each processor.
        var parts = Enumerable.Range(0, (to - from + AtOnce - 1) / AtOnce)
            .Select(part => (From: from + (part * AtOnce), To: Math.Min(to, from + ((part + 1) * AtOnce))));
        await Parallel.ForEachAsync(
            parts,
            new ParallelOptions { MaxDegreeOfParallelism = 2, CancellationToken = cancellationToken },
            async (part, token) => await Shop.AddOrdersAsync(graph.Orders, part.From, part.To, of, token));
        await Shop.AnalyzeAsync(graph.Orders, cancellationToken);
    }

    private static void RequireRoom(long orders)
    {
        var (free, needed) = (new DriveInfo(Path.GetTempPath()).AvailableFreeSpace, (orders * BytesPerOrder) + 4_000_000_000);
        if (free < needed)
        {
            throw new BenchException(FormattableString.Invariant(
                $"""
                {orders:n0} orders need about {needed / 1e9:n0} GB in {Path.GetTempPath()}, which has {free / 1e9:n0} GB left.
                Make room, set TMPDIR to another folder, or choose other sizes with --orders.
                """));
        }
    }
}
