using System.Diagnostics;

namespace OrderService.Bench.Scenarios;

/// <summary>
/// Resident memory: a quiet minute after the start, and, once the worker has handled payments, under minutes of orders at full speed, with
/// its slope over the second half of them. API and worker run as they are deployed, published. What processes share is counted once for PostgreSQL's, and for API and
/// worker together.
/// </summary>
internal sealed class MemoryScenario : Scenario
{
    public const string Name = "memory";
    public const string Idle = "idle";
    public const string Loaded = "under load, largest";
    public const string Growth = "under load, growth a minute in the second half";

    /// <summary>What the goal is about: both, with the pages that they share counted once.</summary>
    public static readonly string ApiAndWorker = Metric.Resident("api and worker");

    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Load = TimeSpan.FromMinutes(3);

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await bench.EndGraphAsync();
        var folder = Directory.CreateTempSubdirectory("order-service-bench-").FullName;
        try
        {
            var api = await Published.PublishAsync(new Projects.OrderService_Api().ProjectPath, folder, cancellationToken);
            var worker = await Published.PublishAsync(new Projects.OrderService_Worker().ProjectPath, folder, cancellationToken);
            await using var graph = await Graph.StartAsync(new() { Probed = false }, cancellationToken);
            using var publishedApi = (await Published.ReplaceAsync(graph, ResourceNames.Api, api, cancellationToken)).Service;
            using var publishedWorker = (await Published.ReplaceAsync(graph, ResourceNames.Worker, worker, cancellationToken)).Service;
            graph.Product.Reconnect();
            await RunAsync(bench, graph, [(ResourceNames.Api, publishedApi.Pid), (ResourceNames.Worker, publishedWorker.Pid)], cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunAsync(Bench bench, Graph graph, (string Resource, int Pid)[] published, CancellationToken cancellationToken)
    {
        Bench.Say($"{Name}: a quiet minute");
        await Task.Delay(Quiet, cancellationToken);
        Add(Idle, Look());

        Bench.Say($"{Name}: payments, and {Load.TotalMinutes} minutes of orders");
        await PaymentScenario.PayAsync(graph, cancellationToken);
        var looks = new List<(TimeSpan At, Dictionary<string, double> Megabytes)>();
        var call = PlaceScenario.Call(graph.Product);
        await Bench.WarmUpAsync(call, PlaceScenario.Usual.Clients, bench.Settings.WarmUp, cancellationToken);
        var start = Stopwatch.GetTimestamp();
        var load = graph.Product.Load.RunAsync(PlaceScenario.Usual.Clients, Load, call.Next, call.Expected, cancellationToken);
        while (!load.IsCompleted)
        {
            await Task.WhenAny(load, Task.Delay(TimeSpan.FromSeconds(1), cancellationToken));
            looks.Add((Stopwatch.GetElapsedTime(start), Look()));
        }

        await load;
        var second = looks.Where(look => look.At > Load / 2).ToList();
        Add(Loaded, looks[0].Megabytes.Keys.ToDictionary(metric => metric, metric => looks.Max(look => look.Megabytes[metric])));
        Add(Growth, looks[0].Megabytes.Keys.ToDictionary(
            metric => metric, metric => Slope([.. second.Select(look => (look.At.TotalMinutes, look.Megabytes[metric]))])));

        void Add(string variant, Dictionary<string, double> values)
        {
            foreach (var (metric, value) in values)
            {
                bench.Results.Add(Name, variant, Results.Product, 1, metric, value);
            }
        }

        Dictionary<string, double> Look()
        {
            var each = graph.Running.Where(process => process.Resource != Graph.LimitName).Concat(published).ToDictionary(
                process => Metric.Resident(process.Resource),
                process => Processes.MegabytesOf(process.Pid, shared: process.Resource == ResourceNames.Postgres));
            each.Add(ApiAndWorker, Processes.MegabytesOf(published.Select(process => process.Pid)));
            return each;
        }
    }

    /// <summary>Of the line that fits best.</summary>
    private static double Slope(IReadOnlyList<(double X, double Y)> points)
    {
        var (x, y) = (points.Average(point => point.X), points.Average(point => point.Y));
        return points.Sum(point => (point.X - x) * (point.Y - y)) / points.Sum(point => (point.X - x) * (point.X - x));
    }
}
