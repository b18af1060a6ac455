using System.Diagnostics;
using System.Net;

namespace OrderService.Bench.Scenarios;

/// <summary>POST /api/cart/checkout of a cart with one line, which is filled again before each; only the checkout is timed.</summary>
internal sealed class CheckoutScenario : Scenario
{
    public const string Name = "checkout";

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        var (clients, count) = PlaceScenario.Usual;
        Bench.Say($"{Name}: warming up");
        await RunAsync(graph.Product, count, bench.Settings.WarmUp / 3, cancellationToken);
        for (var round = 1; round <= bench.Settings.Rounds; round++)
        {
            await graph.DrainAsync(cancellationToken);
            await bench.MeasureAsync(
                (Name, $"{clients}, each after an addition to its cart", round),
                graph.Product,
                () => RunAsync(graph.Product, count, bench.Settings.Length, cancellationToken),
                cancellationToken);
        }
    }

    private static async Task<Timings> RunAsync(Subject product, int clients, TimeSpan length, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var taken = await Task.WhenAll(Enumerable.Range(0, clients).Select(async client =>
        {
            var times = new List<TimeSpan>();
            while (Stopwatch.GetElapsedTime(start) < length)
            {
                await product.Load.SendAsync(product.Requests.FillCart(client), HttpStatusCode.OK, cancellationToken);
                var begun = Stopwatch.GetTimestamp();
                await product.Load.SendAsync(product.Requests.Checkout(client), HttpStatusCode.Created, cancellationToken);
                times.Add(Stopwatch.GetElapsedTime(begun));
            }

            return times;
        }));
        return Timings.Of(Stopwatch.GetElapsedTime(start), taken.SelectMany(times => times));
    }
}
