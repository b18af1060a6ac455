using System.Net;

namespace OrderService.Bench;

/// <summary>A side with the request that is measured, and how it is answered when all is well.</summary>
internal sealed record Call(Subject Subject, NextRequest Next, HttpStatusCode Expected = HttpStatusCode.OK);

/// <summary>What scenarios measure with: the graph that they share, and where the values go.</summary>
internal sealed class Bench(Settings settings, Results results) : IAsyncDisposable
{
    private readonly HashSet<int> _warm = [];
    private Graph? _graph;

    /// <summary>What is to be measured.</summary>
    public Settings Settings => settings;

    /// <summary>Where the values go.</summary>
    public Results Results => results;

    /// <summary>Whether a scenario is to be measured.</summary>
    public bool Wants(string scenario) => settings.Scenarios.Contains(scenario);

    /// <summary>Tells the person who waits.</summary>
    public static void Say(string text) => Console.WriteLine(FormattableString.Invariant($"{DateTime.Now:HH:mm:ss}  {text}"));

    /// <summary>The graph that most scenarios share; it starts with the first of them.</summary>
    public async Task<Graph> GraphAsync(CancellationToken cancellationToken)
    {
        if (_graph is null)
        {
            Say("Starting the graph");
            _graph = await Graph.StartAsync(new(), cancellationToken);
        }

        return _graph;
    }

    /// <summary>Ends the shared graph, for a scenario that has its own.</summary>
    public async Task EndGraphAsync()
    {
        if (_graph is not null)
        {
            await _graph.DisposeAsync();
            _graph = null;
        }
    }

    /// <summary>
    /// Measures two sides in turn, in each round in another order. What the product leaves to others after its answer (the relay) is
    /// waited for, and counts as its work.
    /// </summary>
    /// <param name="scenario">Its name.</param>
    /// <param name="variants">What they are called, and the number of clients.</param>
    /// <param name="sides">Whom to ask what.</param>
    /// <param name="cancellationToken">Somebody wants it to end.</param>
    public async Task CompareAsync(
        string scenario, IReadOnlyList<(string Name, int Clients)> variants, IReadOnlyList<Call> sides, CancellationToken cancellationToken)
    {
        Say($"{scenario}: warming up");
        foreach (var call in sides)
        {
            // Long the first time, then for what is new to the process.
            var length = _warm.Add(call.Subject.Process) ? settings.WarmUp : settings.WarmUp / 3;
            await WarmUpAsync(call, variants.Max(variant => variant.Clients), length, cancellationToken);
        }

        for (var round = 1; round <= settings.Rounds; round++)
        {
            foreach (var (variant, clients) in variants)
            {
                foreach (var call in round % 2 == 1 ? sides : sides.Reverse())
                {
                    await call.Subject.SettleAsync(cancellationToken);
                    await MeasureAsync(
                        (scenario, variant, round),
                        call.Subject,
                        () => call.Subject.Load.RunAsync(clients, settings.Length, call.Next, call.Expected, cancellationToken),
                        cancellationToken);
                }
            }
        }
    }

    /// <summary>Load until the runtime has compiled for good what it runs; few clients first, whom a cold process can answer in time.</summary>
    public static async Task WarmUpAsync(Call call, int clients, TimeSpan length, CancellationToken cancellationToken)
    {
        var load = call.Subject.Load;
        await load.RunAsync(clients: 1, length / 4, call.Next, call.Expected, cancellationToken);
        await load.RunAsync(clients, length * 0.75, call.Next, call.Expected, cancellationToken);
    }

    /// <summary>Adds rate, latencies, and what the processes used for each operation of a run, until what it left behind is done too.</summary>
    public async Task MeasureAsync(
        (string Scenario, string Variant, int Round) what, Subject subject, Func<Task<Timings>> run, CancellationToken cancellationToken)
    {
        var graph = subject.Graph;
        var roots = graph.Running.Where(process => subject.Resources.Contains(process.Resource)).ToList();
        var managed = roots.Where(process => process.Resource is ResourceNames.Api or ResourceNames.Worker or Graph.LimitName).ToList();

        var allocatedBefore = managed.ToDictionary(process => process.Pid, process => Processes.AllocatedBy(process.Pid, graph.Probes));
        var ownBefore = Processes.CpuOf(Environment.ProcessId);
        var before = Processes.CpuOf(roots);
        var timings = await run();
        await graph.DrainAsync(cancellationToken);
        var after = Processes.CpuOf(roots);
        var own = Processes.CpuOf(Environment.ProcessId) - ownBefore;

        Add(Metric.Rate, timings.Rate);
        var told = $"{what.Scenario} {what.Variant}, {subject.Side}, round {what.Round}: {timings.Rate:n0}/s";
        if (timings.Sorted.Length > 0)
        {
            Add(Metric.P50, timings.Percentile(0.5));
            Add(Metric.P95, timings.Percentile(0.95));
            Add(Metric.P99, timings.Percentile(0.99));
            Add(Metric.Max, timings.Percentile(1));
            told += $", p50 {timings.Percentile(0.5):n2} ms, p99 {timings.Percentile(0.99):n2} ms";
        }

        foreach (var name in subject.Resources.Where(after.ContainsKey))
        {
            Add(Metric.Cpu(name), (after[name] - before[name]).TotalMicroseconds / timings.Count);
        }

        Add(Metric.Cpu("bench"), own.TotalMicroseconds / timings.Count);
        foreach (var replicas in managed.GroupBy(process => process.Resource, process => process.Pid))
        {
            // One that has just been started has not allocated anything before.
            var allocated = replicas.Sum(pid => (Processes.AllocatedBy(pid, graph.Probes) ?? 0) - (allocatedBefore[pid] ?? 0));
            Add(Metric.Allocated(replicas.Key), allocated / 1024.0 / timings.Count);
            Add(Metric.Resident(replicas.Key), replicas.Sum(pid => Processes.MegabytesOf(pid, shared: false)));
        }

        Say(told);

        void Add(string metric, double value) => results.Add(what.Scenario, what.Variant, subject.Side, what.Round, metric, value);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await EndGraphAsync();
}

/// <summary>Names of what is measured, with units.</summary>
internal static class Metric
{
    public const string Rate = "per second";
    public const string P50 = "p50 ms";
    public const string P95 = "p95 ms";
    public const string P99 = "p99 ms";
    public const string Max = "max ms";

    /// <summary>What metrics of processes start with, and how a table of them is called.</summary>
    public static readonly (string Prefix, string Title)[] OfProcesses =
    [
        ("CPU µs ", "Processor time, µs for each"),
        ("KiB allocated ", "Allocated, KiB for each"),
        ("MB resident ", "Resident at the end, MB"),
    ];

    /// <summary>CPU microseconds of a process for each operation.</summary>
    public static string Cpu(string process) => OfProcesses[0].Prefix + process;

    /// <summary>KiB that a process allocates for each operation.</summary>
    public static string Allocated(string process) => OfProcesses[1].Prefix + process;

    /// <summary>MB of a process in memory.</summary>
    public static string Resident(string process) => OfProcesses[2].Prefix + process;
}
