using System.Diagnostics;

namespace OrderService.Bench.Scenarios;

/// <summary>From start to healthy: of the API alone, and of the whole graph, on data that is there and on none.</summary>
internal sealed class StartUpScenario : Scenario
{
    public const string Name = "startup";

    /// <summary>The API's process until it answers 200 at /health.</summary>
    public const string Api = "API";

    /// <summary>Everything, on the data of an earlier run.</summary>
    public const string WholeGraph = "whole graph";

    /// <summary>Everything, with a new database cluster.</summary>
    public const string FirstTime = "whole graph, for the first time";

    public const string Seconds = "seconds";

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await bench.EndGraphAsync();
        var folder = Directory.CreateTempSubdirectory("order-service-bench-").FullName;
        try
        {
            for (var round = 0; round <= bench.Settings.Rounds; round++)
            {
                await using var graph = await Graph.StartAsync(new() { Stocked = false, Probed = false, Folder = folder }, cancellationToken);
                Add(round == 0 ? FirstTime : WholeGraph, Math.Max(1, round), graph.StartUp);
                if (round > 0)
                {
                    Add(Api, round, await RestartAsync(graph, cancellationToken));
                }
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        void Add(string variant, int round, TimeSpan time)
        {
            bench.Results.Add(Name, variant, Results.Product, round, Seconds, time.TotalSeconds);
            Bench.Say(FormattableString.Invariant($"{Name} {variant}, round {round}: {time.TotalSeconds:n2} s"));
        }
    }

    private static async Task<TimeSpan> RestartAsync(Graph graph, CancellationToken cancellationToken)
    {
        await graph.StopAsync(ResourceNames.Api, cancellationToken);
        using var client = graph.ClientOf(ResourceNames.Api);
        var start = Stopwatch.GetTimestamp();
        var begun = graph.BeginAsync(ResourceNames.Api, cancellationToken);
        while (!await IsHealthyAsync(client, cancellationToken))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }

        var time = Stopwatch.GetElapsedTime(start);
        await begun;
        return time;
    }

    private static async Task<bool> IsHealthyAsync(HttpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync("/health", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }
}
