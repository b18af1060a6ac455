using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace OrderService.Bench.Scenarios;

/// <summary>A backlog that appears at once before 1, 2 and 4 running workers, which share the outbox's shards.</summary>
internal sealed class ReplicaScenario : Scenario
{
    public const string Name = "replicas";

    private static readonly int[] Replicas = [1, 2, 4];

    public override IReadOnlyList<string> Names => [Name];

    /// <summary>The name of a variant.</summary>
    public static string Variant(int replicas) => string.Create(CultureInfo.InvariantCulture, $"{replicas} {(replicas == 1 ? "worker" : "workers")}");

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await bench.EndGraphAsync();
        var events = bench.Settings.Events / 5;
        foreach (var replicas in Replicas)
        {
            Bench.Say($"{Name}: starting a graph with {Variant(replicas)}");
            await using var graph = await Graph.StartAsync(new() { Replicas = replicas }, cancellationToken);
            await Backlog.AddAsync(graph.Orders, events / 4, cancellationToken);
            await graph.DrainAsync(cancellationToken);
            for (var round = 1; round <= bench.Settings.Rounds; round++)
            {
                await using var connection = await graph.Orders.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                await Backlog.AddAsync(connection, events, cancellationToken);
                await using var wake = new NpgsqlCommand("NOTIFY outbox", connection);
                await wake.ExecuteNonQueryAsync(cancellationToken);
                await bench.MeasureAsync(
                    (Name, Variant(replicas), round),
                    graph.Product,
                    async () =>
                    {
                        var start = Stopwatch.GetTimestamp();
                        await transaction.CommitAsync(cancellationToken);
                        await graph.DrainAsync(cancellationToken);
                        return new(Stopwatch.GetElapsedTime(start), events, []);
                    },
                    cancellationToken);
            }
        }
    }
}
