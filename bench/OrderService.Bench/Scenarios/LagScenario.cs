using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Bench.Scenarios;

/// <summary>
/// How long an order's event takes from the commit to the broker's acknowledgement, at a steady 1,000 orders a second whatever becomes of
/// those before: from the moment at which the client has its 201 (or, where the API is left out, the end of its transaction) until the
/// worker's probe sees the end of the event's span.
/// </summary>
internal sealed class LagScenario : Scenario
{
    public const string Name = "lag";

    /// <summary>Orders come through the API.</summary>
    public const string ThroughApi = "through the API";

    /// <summary>Orders are written by the bench in one statement, and the relay is woken as the API wakes it.</summary>
    public const string Direct = "written directly";

    private const int OrdersPerSecond = 1_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(await graph.ConnectionStringAsync(ResourceNames.Orders)) { MaxAutoPrepare = 8, MaxPoolSize = 16 });
        var table = new global::Limit.OrderTable(database);
        using var wakeup = new OutboxWakeup(database, NullLogger<OutboxWakeup>.Instance);
        await wakeup.StartAsync(cancellationToken);
        var product = graph.Product;
        await RestartWorkerAsync(graph, OrderTelemetry.Name, cancellationToken);

        var call = PlaceScenario.Call(product);
        await Bench.WarmUpAsync(call, PlaceScenario.Usual.Clients, bench.Settings.WarmUp, cancellationToken);
        var most = await product.Load.RunAsync(PlaceScenario.Usual.Clients, bench.Settings.Length, call.Next, call.Expected, cancellationToken);
        foreach (var (variant, place) in new (string, Func<long, Task<Guid?>>)[] { (Direct, DirectAsync), (ThroughApi, ThroughApiAsync) })
        {
            if (variant == ThroughApi && most.Rate < 1.2 * OrdersPerSecond)
            {
                Bench.Say($"{Name} {variant}: left out, since no more than {most.Rate:n0} orders/s get through here");
                continue;
            }

            Bench.Say($"{Name} {variant}: warming up");
            await RunAsync(place, bench.Settings.WarmUp / 3);
            for (var round = 1; round <= bench.Settings.Rounds; round++)
            {
                await graph.DrainAsync(cancellationToken);
                await bench.MeasureAsync((Name, variant, round), product, () => RunAsync(place, 2 * bench.Settings.Length), cancellationToken);
            }
        }

        await RestartWorkerAsync(graph, null, cancellationToken);

        async Task<Guid?> DirectAsync(long number)
        {
            var lines = Enumerable.Range((int)(number % Requests.Products), 3)
                .Select(product => new global::Limit.RequestedLine(Requests.ProductId(product), 1));
            var (id, _) = await table.PlaceAsync(
                Requests.UserId((int)(number % Requests.Users) + 1),
                Guid.NewGuid().ToString(),
                new([.. lines], Requests.Address, null));
            wakeup.Wake(OutboxChannel.Events);
            return id;
        }

        // One that is refused, because the machine stood still for a moment, is none.
        async Task<Guid?> ThroughApiAsync(long number)
        {
            var location = await product.Load.SendAsync(
                product.Requests.Place(0, number), HttpStatusCode.Created, cancellationToken, mayBeRefused: true);
            return location is null ? null : Guid.Parse(location.OriginalString[^36..]);
        }

        async Task<Timings> RunAsync(Func<long, Task<Guid?>> place, TimeSpan length)
        {
            var count = (int)(length.TotalSeconds * OrdersPerSecond);
            var committed = new ConcurrentQueue<(Guid Order, long At)>();
            var open = new Task[count];
            var start = Stopwatch.GetTimestamp();
            for (var number = 0; number < count; number++)
            {
                var due = TimeSpan.FromSeconds((double)number / OrdersPerSecond);
                while (Stopwatch.GetElapsedTime(start) is var now && now < due)
                {
                    await Task.Delay(1, cancellationToken);
                }

                open[number] = PlaceAsync(number);
            }

            await Task.WhenAll(open);
            var elapsed = Stopwatch.GetElapsedTime(start);
            return Timings.Of(elapsed, await LagsAsync(committed));

            async Task PlaceAsync(long number)
            {
                await Task.Yield();
                if (await place(number) is { } order)
                {
                    committed.Enqueue((order, Stopwatch.GetTimestamp()));
                }
            }
        }

        async Task<IEnumerable<TimeSpan>> LagsAsync(IReadOnlyCollection<(Guid Order, long At)> committed)
        {
            var sent = new Dictionary<Guid, long>();
            for (var asked = Stopwatch.GetTimestamp(); ; await Task.Delay(50, cancellationToken))
            {
                foreach (var (order, at) in Processes.SentBy(graph.ProcessOf(ResourceNames.Worker), graph.Probes))
                {
                    sent[order] = at;
                }

                if (committed.All(order => sent.ContainsKey(order.Order)))
                {
                    return committed.Select(order => Stopwatch.GetElapsedTime(order.At, sent[order.Order]));
                }

                if (Stopwatch.GetElapsedTime(asked) > Patience)
                {
                    throw new BenchException("Not all events were acknowledged, or the worker's probe did not note them.");
                }
            }
        }
    }

    private static async Task RestartWorkerAsync(Graph graph, string? spans, CancellationToken cancellationToken)
    {
        graph.Set(ResourceNames.Worker, "BENCH_SENT", spans);
        await graph.RestartAsync(ResourceNames.Worker, cancellationToken);
    }
}
