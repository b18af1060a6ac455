using System.Diagnostics;
using OrderService.Tests.Books;
using OrderService.Tests.Shop;
using Xunit.Abstractions;

namespace OrderService.Tests.Chaos;

/// <summary>
/// A process that ends, or loses a connection, at each of the steps at which it waits for another one. The steps are those that a run
/// without a blow passes. A long run takes all of them, a short one a few that its seed chooses.
/// </summary>
[Collection(OneChaos.Name)]
public sealed class CrashPointTests(ChaosShop shop, ITestOutputHelper output)
{
    private const int FewPoints = 4;

    private static readonly int[] Stock = [1_000, 1_000, 1_000];

    private static readonly (string, string)[] Impatient =
        [("Housekeeping:PaymentCheckInterval", "00:00:00.500"), ("Housekeeping:RetentionInterval", "00:00:01")];

    private readonly Report _report = new(output);
    private int _customers = 500;
    private Task _restart = Task.CompletedTask;

    [Fact]
    public async Task Wherever_the_api_dies_checkout_and_cancellation_happen_once()
    {
        var watch = new CrashWatch();
        var api = shop.NewApi("api", watch);
        var worker = shop.NewWorker("worker");
        shop.Open([api]);
        await worker.StartAsync();
        try
        {
            await EachAsync(watch, api, [], async (_, shopper) => await shopper.ShopOnceAsync());
        }
        finally
        {
            api.End();
            worker.End();
        }
    }

    [Fact]
    public async Task Wherever_a_worker_dies_every_event_is_told_and_counts_once()
    {
        var watch = new CrashWatch();
        var api = shop.NewApi("api");
        var worker = shop.NewWorker("worker", watch);
        shop.Kafka.Watcher = watch;
        shop.Open([api]);
        await api.StartAsync();
        try
        {
            await EachAsync(watch, worker, Impatient, LiveAsync);
        }
        finally
        {
            shop.Kafka.Watcher = null;
            api.End();
            worker.End();
        }
    }

    /// <summary>All that a worker has to do with orders: one is delivered, one forgotten, one cancelled, and of one the events come too early.</summary>
    private async Task LiveAsync(Ledger ledger, Shopper shopper)
    {
        var (delivered, forgotten, cancelled, early) =
            ((await shopper.OrderAsync())!.Value, (await shopper.OrderAsync())!.Value, (await shopper.OrderAsync())!.Value, (await shopper.OrderAsync())!.Value);
        await shopper.PublishAsync(new SentEvent(early.Order, Deed.Pick, 0, Guid.NewGuid().ToString()));
        await shopper.CancelItemsAsync(cancelled.Order);
        await shopper.CancelAsync(cancelled.Order);
        await shop.ScalarAsync<long>("UPDATE orders SET created_at = created_at - interval '1 h' WHERE id = $1", forgotten.Order.Id);
        foreach (var (deed, amount) in new[] { (Deed.Pay, delivered.Total), (Deed.Pick, 0), (Deed.PickUp, 0), (Deed.Deliver, 0) })
        {
            await shopper.PublishAsync(new SentEvent(delivered.Order, deed, amount, Guid.NewGuid().ToString()));
        }

        await Eventually.SeeAsync(
            () => shop.ScalarAsync<long>("SELECT count(*) FROM parked_messages WHERE key = $1", early.Order.Id.ToString()),
            waiting => waiting > 0,
            "the early event being put aside");
        await shopper.PublishAsync(new SentEvent(early.Order, Deed.Pay, early.Total, Guid.NewGuid().ToString()));
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>("SELECT status FROM orders WHERE id = $1", forgotten.Order.Id),
            status => status == "CANCELLED",
            "the order that nobody pays being cancelled");
        forgotten.Order.IsForgotten = true;
    }

    /// <summary>Lists the points of a run, and has each blow fall at each of them.</summary>
    private async Task EachAsync(CrashWatch watch, Replica replica, (string, string)[] settings, Func<Ledger, Shopper, Task> live)
    {
        replica.Kill();
        watch.Start();
        var balance = await RunAsync(watch, replica, settings, live);
        Assert.True(balance.Count == 0, string.Join('\n', balance));
        var points = watch.Passed;
        _report.Tell($"{points.Count} points:\n{string.Join('\n', points)}\n");

        var runs = points.SelectMany(point => Enum.GetValues<Blow>().Select(blow => (Point: point, Blow: blow))).ToList();
        if (!ChaosOptions.IsLong)
        {
            runs = Few(runs);
        }

        var (missed, failed) = (new List<string>(), new List<string>());
        var began = Stopwatch.GetTimestamp();
        foreach (var (point, blow) in runs)
        {
            replica.Kill();
            watch.Start(point, blow, () => Strike(replica, settings));
            var findings = await TryAsync(() => RunAsync(watch, replica, settings, live));
            if (!watch.HasStruck)
            {
                missed.Add($"{blow} at {point}");
            }

            Report.Note($"{Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s: {blow} at {point}: {(watch.HasStruck ? "struck" : "missed")}, {findings.Count} findings");
            if (findings.Count > 0)
            {
                failed.Add($"{blow} at {point}:\n  {string.Join("\n  ", findings)}");
                _report.Tell($"{failed[^1]}\n{replica.Output[^Math.Min(replica.Output.Length, 6_000)..]}");
            }
        }

        _report.Tell($"{runs.Count} runs in {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s; {missed.Count} did not pass their point again:\n{string.Join('\n', missed)}");
        Assert.True(failed.Count == 0, string.Join('\n', failed));
        Assert.True(missed.Count <= runs.Count / 3, $"{missed.Count} of {runs.Count} runs did not pass their point.");
    }

    /// <summary>One blow or more to each server, the seed says where.</summary>
    private List<(CrashPoint Point, Blow Blow)> Few(List<(CrashPoint Point, Blow Blow)> runs)
    {
        _report.Tell($"Seed {ChaosOptions.Seed}; CHAOS_DURATION=00:10:00 takes all points.");
        var dice = new Random(ChaosOptions.Seed);
        return [.. runs
            .OrderBy(_ => dice.Next())
            .GroupBy(run => run.Point.Server)
            .SelectMany(server => server.Index())
            .OrderBy(run => run.Index)
            .Select(run => run.Item)
            .Take(FewPoints)];
    }

    private async Task<IReadOnlyList<string>> RunAsync(CrashWatch watch, Replica replica, (string, string)[] settings, Func<Ledger, Shopper, Task> live)
    {
        // The blow may fall before it listens; then the one that follows it does.
        await replica.StartAsync(settings).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await _restart;
        var ledger = await OpenAsync();
        await live(ledger, new Shopper(shop, ledger, ledger.Customers[0], new Random(20261127), new Figures()));
        await Round.WaitUntilQuietAsync(shop);
        watch.End();
        await _restart;
        return await new ChaosAudit(shop, ledger, watch.Reservations, [replica]).FindAsync();
    }

    private Task<Ledger> OpenAsync() => shop.NewLedgerAsync([shop.Customer(_customers = 1 + (_customers % 1_000))], Stock);

    /// <summary>
    /// Kills the process and has it start again. The claims of the idempotency keys that it leaves would end after half a minute, which
    /// need not be waited for.
    /// </summary>
    private void Strike(Replica replica, (string, string)[] settings)
    {
        replica.Kill();
        _restart = RestartAsync();

        async Task RestartAsync()
        {
            await Task.Yield();
            await shop.ScalarAsync<long>("DELETE FROM idempotency_claims");
            await replica.StartAsync(settings);
        }
    }

    private static async Task<IReadOnlyList<string>> TryAsync(Func<Task<IReadOnlyList<string>>> run)
    {
        try
        {
            return await run();
        }
        catch (Exception e)
        {
            return [e.ToString()];
        }
    }
}
