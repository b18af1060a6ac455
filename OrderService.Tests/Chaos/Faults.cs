using OrderService.Tests.Shop;

namespace OrderService.Tests.Chaos;

/// <summary>What can go wrong.</summary>
internal enum FaultKind
{
    /// <summary>SIGKILL to a replica of the API, which is started again.</summary>
    KillApi,

    /// <summary>The same to a worker.</summary>
    KillWorker,

    /// <summary>The same to PostgreSQL, all of its processes.</summary>
    KillPostgres,

    /// <summary>The same to Redis.</summary>
    KillRedis,

    /// <summary>SIGSTOP and SIGCONT to the broker, which is in memory and would lose all if it were killed.</summary>
    PauseBroker,

    /// <summary>The same to the Product service.</summary>
    PauseProducts,

    /// <summary>The same to the User service.</summary>
    PauseUsers,

    /// <summary>The same to a worker.</summary>
    PauseWorker,

    /// <summary>The connections of a replica to one of its servers are reset, and new ones for a while.</summary>
    Cut,

    /// <summary>Whatever a replica and one of its servers say to each other takes long.</summary>
    Slow,

    /// <summary>
    /// An API is killed and comes back with a wrong clock. No worker does: libfaketime does not change what Kafka's client waits by (C11's
    /// <c>cnd_timedwait</c>), so that it would wait for as long as the clock is wrong.
    /// </summary>
    Skew,

    /// <summary>No byte is left on the disk of the data folder.</summary>
    FillDisk,
}

/// <summary>Makes things go wrong, at moments and in ways that the seed alone decides, and puts them right again.</summary>
internal sealed class Faults(
    ChaosShop shop, IReadOnlyList<Replica> apis, IReadOnlyList<Replica> workers, Random dice, Figures figures, IReadOnlyList<FaultKind> kinds, TimeSpan gap)
{
    /// <summary>Less than orders have to be paid.</summary>
    private static readonly string[] Skews = ["-90s", "+90s", "+10m"];

    /// <summary>What is broken at the moment; nothing is broken twice at once.</summary>
    private readonly Dictionary<object, Task> _broken = [];

    /// <summary>What happened, to read.</summary>
    public List<string> Diary { get; } = [];

    /// <summary>Breaks one thing after another until it is enough; everything is right again at the end.</summary>
    public async Task BreakAsync(CancellationToken enough)
    {
        var began = TimeProvider.System.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(gap * (0.5 + dice.NextDouble()), TimeProvider.System, enough);
                var (kind, target, duration) = (kinds[dice.Next(kinds.Count)], dice.Next(), TimeSpan.FromMilliseconds(dice.Next(200, 3_000)));
                var (what, name, breakIt) = Plan(kind, target, duration);
                foreach (var mended in _broken.Where(broken => broken.Value.IsCompleted).Select(broken => broken.Key).ToList())
                {
                    await _broken[mended];
                    _broken.Remove(mended);
                }

                if (_broken.ContainsKey(what))
                {
                    continue;
                }

                Diary.Add($"{TimeProvider.System.GetElapsedTime(began).TotalSeconds:F1} s: {kind} {name} for {duration.TotalSeconds:F1} s");
                _broken.Add(what, MeasureAsync(kind, breakIt));
            }
        }
        catch (OperationCanceledException) when (enough.IsCancellationRequested)
        {
            await Task.WhenAll(_broken.Values);
        }
    }

    /// <summary>What to break, what it is called, and how it is broken and put right.</summary>
    private (object What, string Name, Func<Task> Break) Plan(FaultKind kind, int target, TimeSpan duration)
    {
        var (api, worker) = (apis[target % apis.Count], workers[target % workers.Count]);
        var anyone = target % 2 == 0 ? api : worker;
        return kind switch
        {
            FaultKind.KillApi => (api, $"{api}", () => RestartAsync(api, duration)),
            FaultKind.KillWorker => (worker, $"{worker}", () => RestartAsync(worker, duration)),
            FaultKind.KillPostgres => Server(ResourceNames.Postgres),
            FaultKind.KillRedis => Server(ResourceNames.Redis),
            FaultKind.PauseBroker => Pause(ResourceNames.Kafka),
            FaultKind.PauseProducts => Pause(ResourceNames.Products),
            FaultKind.PauseUsers => Pause(ResourceNames.Users),
            FaultKind.PauseWorker => (worker, $"{worker}", () => PauseAsync(worker.Id, duration)),
            FaultKind.Cut => OnLink(async link =>
            {
                link.IsCut = true;
                link.CutAll();
                await Last(duration / 4);
                link.IsCut = false;
            }),
            FaultKind.Slow => OnLink(async link =>
            {
                link.Delay = TimeSpan.FromMilliseconds(20 + (target % 300));
                await Last(duration);
                link.Delay = TimeSpan.Zero;
            }),
            FaultKind.Skew => Skew(Skews[target % Skews.Length]),
            FaultKind.FillDisk => (typeof(Disk), "", () => FillAsync(duration)),
        };

        // One at a time: none of them starts on a full disk.
        (object, string, Func<Task>) Server(string name) => (typeof(Disk), "", () => RestartAsync(name, duration));

        (object, string, Func<Task>) Pause(string name) => (name, name, () => PauseAsync(shop.ProcessOf(name), duration));

        (object, string, Func<Task>) OnLink(Func<Link, Task> breakIt)
        {
            IReadOnlyList<Link> links = [.. anyone.Links.Own, anyone.Links.Kafka];
            var link = links[target / 2 % links.Count];
            return (link, $"{anyone} to {link.Name}", () => breakIt(link));
        }

        // .NET waits by the monotonic clock: with the fix for those who don't, no wait of it would last.
        (object, string, Func<Task>) Skew(string by) => (api, $"{api} by {by}", () => RestartAsync(
            api,
            duration,
            ("LD_PRELOAD", shop.WrongClock!),
            ("FAKETIME", by),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("FAKETIME_FORCE_MONOTONIC_FIX", "0")));
    }

    private async Task MeasureAsync(FaultKind kind, Func<Task> breakIt)
    {
        await breakIt();
        var mended = TimeProvider.System.GetTimestamp();
        await figures.NextOrder;
        figures.Recovered(kind, TimeProvider.System.GetElapsedTime(mended));
    }

    private static async Task RestartAsync(Replica replica, TimeSpan after, params (string, string)[] settings)
    {
        replica.Kill();
        await Last(after);
        await replica.StartAsync(settings);
    }

    private async Task RestartAsync(string server, TimeSpan after)
    {
        await shop.KillAsync(server);
        await Last(after);
        await shop.StartAsync(server);
    }

    private static async Task PauseAsync(int process, TimeSpan duration)
    {
        ProcessTree.Pause(process);
        await Last(duration);
        ProcessTree.Resume(process);
    }

    private async Task FillAsync(TimeSpan duration)
    {
        shop.Disk!.Fill();
        await Last(duration);
        shop.Disk.Empty();

        // PostgreSQL ends where it can't write its log, and comes back when somebody starts it.
        foreach (var server in new[] { ResourceNames.Postgres, ResourceNames.Redis })
        {
            await shop.StartAgainAsync(server);
        }
    }

    /// <summary>How long a fault lasts.</summary>
    private static Task Last(TimeSpan duration) => Task.Delay(duration, TimeProvider.System);
}
