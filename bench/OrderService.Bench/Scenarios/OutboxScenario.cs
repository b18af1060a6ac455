using System.Diagnostics;

namespace OrderService.Bench.Scenarios;

/// <summary>A million events through the outbox of a running worker, and how large the table becomes by that.</summary>
internal sealed class OutboxScenario : Scenario
{
    public const string Name = "outbox";
    public const string LargestTable = "largest table MB";
    public const string LargestIndexes = "largest indexes MB";

    private const int AtOnce = 5_000;

    public override IReadOnlyList<string> Names => [Name];

    /// <summary>The name of the only variant.</summary>
    public static string Variant(Settings settings) => FormattableString.Invariant($"{settings.Events:n0} events in passing");

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        var (variant, events) = (Variant(bench.Settings), bench.Settings.Events);
        await using (var shrink = graph.Orders.CreateCommand("VACUUM FULL outbox_messages"))
        {
            await shrink.ExecuteNonQueryAsync(cancellationToken);
        }

        var (table, indexes) = (0.0, 0.0);
        Bench.Say(FormattableString.Invariant($"{Name}: {events:n0} events, {AtOnce:n0} at once, each when the relay has sent those before"));
        await bench.MeasureAsync((Name, variant, 1), graph.Product, PassAsync, cancellationToken);
        Add(LargestTable, table);
        Add(LargestIndexes, indexes);

        // Autovacuum, which looks once a minute, gets the chance that it has in life.
        await Task.Delay(TimeSpan.FromSeconds(65), cancellationToken);
        var left = await Backlog.SizeAsync(graph.Orders, cancellationToken);
        Add("table a minute later MB", left.Table);
        Add("indexes a minute later MB", left.Indexes);

        async Task<Timings> PassAsync()
        {
            var start = Stopwatch.GetTimestamp();
            for (var sent = 0; sent < events; sent += AtOnce)
            {
                await Backlog.AddAsync(graph.Orders, AtOnce, cancellationToken);
                await using (var wake = graph.Orders.CreateCommand("NOTIFY outbox"))
                {
                    await wake.ExecuteNonQueryAsync(cancellationToken);
                }

                while (await Backlog.OldestAsync(graph.Orders, cancellationToken) is not null)
                {
                    await Task.Delay(TimeSpan.FromMilliseconds(2), cancellationToken);
                }

                var size = await Backlog.SizeAsync(graph.Orders, cancellationToken);
                (table, indexes) = (Math.Max(table, size.Table), Math.Max(indexes, size.Indexes));
            }

            return new(Stopwatch.GetElapsedTime(start), events, []);
        }

        void Add(string metric, double value) => bench.Results.Add(Name, variant, Results.Product, 1, metric, value);
    }
}
