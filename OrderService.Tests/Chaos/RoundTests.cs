using System.Globalization;
using Xunit.Abstractions;

namespace OrderService.Tests.Chaos;

/// <summary>Two APIs and three workers under a steady load while their world breaks, and the books after it.</summary>
[Collection(OneChaos.Name)]
public sealed class RoundTests(ChaosShop shop, ITestOutputHelper output)
{
    private readonly Report _report = new(output);

    [Fact]
    public async Task Whatever_breaks_no_order_is_lost_doubled_or_out_of_order()
    {
        var (seed, figures, reservations) = (ChaosOptions.Seed, new Figures(), new ReservationLog());
        Replica[] apis = [shop.NewApi("api 1", reservations), shop.NewApi("api 2", reservations)];
        Replica[] workers = [shop.NewWorker("worker 1"), shop.NewWorker("worker 2"), shop.NewWorker("worker 3")];
        await Task.WhenAll([.. apis.Select(api => api.StartAsync()), .. workers.Select(worker => worker.StartAsync())]);
        shop.Open(apis);
        var kinds = Enum.GetValues<FaultKind>()
            .Where(kind => kind switch
            {
                FaultKind.FillDisk => shop.Disk is not null,
                FaultKind.Skew => shop.WrongClock is not null,
                _ => true,
            })
            .ToList();
        Tell($"Seed {seed}, {ChaosOptions.Duration}.");
        Tell(shop.Disk is null ? "The disk is not filled: only root, in a long run, has one of its own." : "The disk of the data folder is a small one in memory.");
        Tell(shop.WrongClock is null ? "No clock is wrong: libfaketime is not installed." : "Some clocks are wrong.");
        try
        {
            var round = ChaosOptions.IsLong ? ChaosOptions.LongRound : ChaosOptions.Duration;
            for (var (number, left) = (0, ChaosOptions.Duration); left > TimeSpan.Zero; (number, left) = (number + 1, left - round))
            {
                await PlayAsync(number, left < round ? left : round);
            }
        }
        finally
        {
            Tell(figures.ToString());
            apis.Concat(workers).ToList().ForEach(replica => replica.End());
        }

        async Task PlayAsync(int number, TimeSpan duration)
        {
            var one = new Round(shop, apis, workers, reservations, figures, kinds, ChaosOptions.Gap);
            IReadOnlyList<string> findings = ["The round did not end."];
            var replay = $"CHAOS_SEED={seed + number} CHAOS_DURATION={duration.ToString("c", CultureInfo.InvariantCulture)}";
            try
            {
                findings = await one.PlayAsync(seed + number, number, duration);
            }
            finally
            {
                if (findings.Count > 0)
                {
                    Tell($"What broke with seed {seed + number}:\n{string.Join('\n', one.Diary)}");
                    Report.Keep([.. apis, .. workers]);
                }
            }

            Tell($"Round {number + 1}, seed {seed + number}: {one.Diary.Count} faults, {findings.Count} findings, {figures.Orders} orders so far.");
            Assert.True(findings.Count == 0, $"The books do not balance. Play it again with {replay}.\n{string.Join('\n', findings.Take(50))}");
        }
    }

    private void Tell(string line) => _report.Tell(line);
}
