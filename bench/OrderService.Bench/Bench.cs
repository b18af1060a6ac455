using System.Net;

namespace OrderService.Bench;

/// <summary>A request, and how it is answered when all is well.</summary>
internal sealed record Call(NextRequest Next, HttpStatusCode Expected = HttpStatusCode.OK);

/// <summary>What scenarios measure with: the graph, clients of both sides, and where the values go.</summary>
internal sealed class Bench(Settings settings, Results results) : IAsyncDisposable
{
    /// <summary>The processes that do the work of a request, on each side.</summary>
    private static readonly string[] ProductProcesses =
    [
        ResourceNames.Api, ResourceNames.Worker, ResourceNames.Postgres, ResourceNames.Redis,
        ResourceNames.Products, ResourceNames.Users, ResourceNames.Kafka, ResourceNames.Payments,
    ];

    private static readonly string[] LimitProcesses = [Graph.Limit, ResourceNames.Postgres, ResourceNames.Redis];

    private readonly HashSet<int> _warm = [];
    private Graph? _graph;
    private Load? _api;
    private Load? _limit;

    /// <summary>What is to be measured.</summary>
    public Settings Settings => settings;

    /// <summary>Where the values go.</summary>
    public Results Results => results;

    /// <summary>The product's requests.</summary>
    public Requests Product { get; } = new("/api");

    /// <summary>The limit's requests.</summary>
    public Requests Limit { get; } = new("");

    /// <summary>The graph that most scenarios share; it starts with the first of them.</summary>
    public async Task<Graph> GraphAsync(CancellationToken cancellationToken)
    {
        if (_graph is null)
        {
            Say("Starting the graph");
            _graph = await Graph.StartAsync(replicas: 1, cancellationToken);
            _limit = new Load(_graph.AddressOf(Graph.Limit));
            _api = new Load(_graph.AddressOf(ResourceNames.Api));
        }

        return _graph;
    }

    /// <summary>Ends the shared graph; the next scenario gets a new one.</summary>
    public async Task EndGraphAsync()
    {
        _api?.Dispose();
        _limit?.Dispose();
        if (_graph is not null)
        {
            await _graph.DisposeAsync();
        }

        (_graph, _api, _limit) = (null, null, null);
        _warm.Clear();
    }

    /// <summary>Clients of the API.</summary>
    public Load Api => _api ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>Clients of the limit.</summary>
    public Load LimitLoad => _limit ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>Whether a scenario is to be measured.</summary>
    public bool Wants(string scenario) => settings.Scenarios.Contains(scenario);

    /// <summary>Tells the person who waits.</summary>
    public static void Say(string text) => Console.WriteLine(FormattableString.Invariant($"{DateTime.Now:HH:mm:ss}  {text}"));

    /// <summary>
    /// Measures the product and the limit in turn, in each round in another order. What the product leaves to others after its answer (the
    /// relay) is waited for, and counts as its work.
    /// </summary>
    /// <param name="scenario">Its name.</param>
    /// <param name="variants">What it is called, and the number of clients.</param>
    /// <param name="product">The product's side.</param>
    /// <param name="limit">The limit's side, if it has one.</param>
    /// <param name="cancellationToken">Somebody wants it to end.</param>
    public async Task CompareAsync(
        string scenario, IReadOnlyList<(string Name, int Clients)> variants, Call product, Call? limit, CancellationToken cancellationToken)
    {
        var graph = await GraphAsync(cancellationToken);
        var most = variants.Max(variant => variant.Clients);
        Say($"{scenario}: warming up");
        await WarmUpAsync(Api, graph.ProcessOf(ResourceNames.Api), most, product, cancellationToken);
        if (limit is not null)
        {
            await WarmUpAsync(LimitLoad, graph.ProcessOf(Graph.Limit), most, limit, cancellationToken);
        }

        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var (variant, clients) in variants)
            {
                var sides = new List<(string Side, Load Load, Call Call)> { (Results.Product, Api, product) };
                if (limit is not null)
                {
                    sides.Insert(round % 2, (Results.Limit, LimitLoad, limit));
                }

                foreach (var (side, load, call) in sides)
                {
                    await graph.DrainAsync(cancellationToken);
                    await MeasureAsync(
                        (scenario, variant, side, round),
                        () => load.RunAsync(clients, settings.Length, call.Next, call.Expected, cancellationToken),
                        cancellationToken);
                }
            }
        }
    }

    /// <summary>Adds rate, latencies, and what the processes used for each request of a run, until what it left behind is done too.</summary>
    public async Task MeasureAsync(
        (string Scenario, string Variant, string Side, int Round) what, Func<Task<Timings>> run, CancellationToken cancellationToken)
    {
        var graph = await GraphAsync(cancellationToken);
        var names = what.Side == Results.Product ? ProductProcesses : LimitProcesses;
        var roots = graph.Running.Where(process => names.Contains(process.Resource)).ToList();
        var managed = roots.Where(process => process.Resource is ResourceNames.Api or ResourceNames.Worker or Graph.Limit).ToList();

        var allocatedBefore = managed.ToDictionary(process => process.Pid, process => Processes.AllocatedBy(process.Pid, graph.Probes));
        var ownBefore = Processes.CpuOf(Environment.ProcessId);
        var before = Processes.CpuOf(roots);
        var timings = await run();
        if (what.Side == Results.Product)
        {
            await graph.DrainAsync(cancellationToken);
        }

        var after = Processes.CpuOf(roots);
        var own = Processes.CpuOf(Environment.ProcessId) - ownBefore;
        Add(Metric.Rate, timings.Rate);
        Add(Metric.P50, timings.Percentile(0.5));
        Add(Metric.P95, timings.Percentile(0.95));
        Add(Metric.P99, timings.Percentile(0.99));
        Add(Metric.Max, timings.Percentile(1));
        foreach (var name in names)
        {
            Add(Metric.Cpu(name), (after[name] - before[name]).TotalMicroseconds / timings.Count);
        }

        Add(Metric.Cpu("bench"), own.TotalMicroseconds / timings.Count);
        foreach (var (name, pid) in managed)
        {
            if (Processes.AllocatedBy(pid, graph.Probes) - allocatedBefore[pid] is { } bytes)
            {
                Add(Metric.Allocated(name), bytes / 1024.0 / timings.Count);
            }

            Add(Metric.Resident(name), Processes.MegabytesOf(pid, shared: false));
        }

        Say($"{what.Scenario} {what.Variant}, {what.Side}, round {what.Round}: {timings.Rate:n0}/s, p50 {timings.Percentile(0.5):n2} ms, p99 {timings.Percentile(0.99):n2} ms");

        void Add(string metric, double value) => results.Add(what.Scenario, what.Variant, what.Side, what.Round, metric, value);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndGraphAsync();

    /// <summary>Load until the runtime has compiled for good what it runs: long the first time, then what is new to the process.</summary>
    private async Task WarmUpAsync(Load load, int process, int clients, Call call, CancellationToken cancellationToken) =>
        await load.RunAsync(clients, _warm.Add(process) ? settings.WarmUp : settings.WarmUp / 3, call.Next, call.Expected, cancellationToken);
}

/// <summary>Names of what is measured, with units.</summary>
internal static class Metric
{
    public const string Rate = "per second";
    public const string P50 = "p50 ms";
    public const string P95 = "p95 ms";
    public const string P99 = "p99 ms";
    public const string Max = "max ms";

    /// <summary>CPU microseconds of a process for each request.</summary>
    public static string Cpu(string process) => $"CPU µs {process}";

    /// <summary>KiB that a process allocates for each request.</summary>
    public static string Allocated(string process) => $"KiB allocated {process}";

    /// <summary>MB of a process in memory.</summary>
    public static string Resident(string process) => $"MB {process}";
}
