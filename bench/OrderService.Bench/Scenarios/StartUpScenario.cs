namespace OrderService.Bench.Scenarios;

/// <summary>From start to healthy: of the API alone as it is deployed, and of the whole graph, on data that is there and on none.</summary>
internal sealed class StartUpScenario : Scenario
{
    public const string Name = "startup";

    /// <summary>The published API's process until it answers 200 at /health.</summary>
    public const string Api = "API, published";

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
            var api = await Published.PublishAsync(new Projects.OrderService_Api().ProjectPath, folder, cancellationToken);
            for (var round = 0; round <= bench.Settings.Rounds; round++)
            {
                await using var graph = await Graph.StartAsync(
                    new() { Stocked = false, Probed = false, Folder = Path.Combine(folder, "graph") }, cancellationToken);
                Add(round == 0 ? FirstTime : WholeGraph, Math.Max(1, round), graph.StartUp);

                // Once more than counts: the first one finds nothing in the machine's caches.
                var (service, startUp) = await Published.ReplaceAsync(graph, ResourceNames.Api, api, cancellationToken);
                service.Dispose();
                if (round > 0)
                {
                    Add(Api, round, startUp);
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
}
