using System.Diagnostics;

namespace OrderService.Bench.Scenarios;

/// <summary>
/// A million events in the outbox that a starting worker sends. The limit is a plain loop that claims 2,000 rows, sends them, waits for
/// their acknowledgements and commits.
/// </summary>
internal sealed class BacklogScenario : Scenario
{
    public const string Name = "backlog";

    public override IReadOnlyList<string> Names => [Name];

    /// <summary>The name of the only variant.</summary>
    public static string Variant(Settings settings) => FormattableString.Invariant($"{settings.Events:n0} events");

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        var (variant, events) = (Variant(bench.Settings), bench.Settings.Events);
        for (var round = 1; round <= bench.Settings.Rounds; round++)
        {
            var (number, sides) = (round, new[] { Product, Limit });
            foreach (var side in round % 2 == 1 ? sides : sides.Reverse())
            {
                await side(number);
            }
        }

        async Task Product(int round)
        {
            await graph.StopAsync(ResourceNames.Worker, cancellationToken);
            await FillAsync(graph.Orders);
            await graph.BeginAsync(ResourceNames.Worker, cancellationToken);
            await bench.MeasureAsync(
                (Name, variant, round),
                graph.Product,
                async () => new(await Backlog.TimeAsync(graph.Orders, cancellationToken), events, []),
                cancellationToken);
        }

        async Task Limit(int round)
        {
            await graph.Limit.SettleAsync(cancellationToken);
            await FillAsync(graph.LimitOrders);
            await bench.MeasureAsync(
                (Name, variant, round),
                graph.Limit,
                async () =>
                {
                    var start = Stopwatch.GetTimestamp();
                    await graph.Limit.Load.SendAsync(new(HttpMethod.Post, "/drain"), System.Net.HttpStatusCode.OK, cancellationToken);
                    return new(Stopwatch.GetElapsedTime(start), events, []);
                },
                cancellationToken);
        }

        async Task FillAsync(Npgsql.NpgsqlDataSource database)
        {
            await Backlog.AddAsync(database, events, cancellationToken);
            await using var analyze = database.CreateCommand("VACUUM (ANALYZE) outbox_messages");
            analyze.CommandTimeout = 0;
            await analyze.ExecuteNonQueryAsync(cancellationToken);
        }
    }
}
