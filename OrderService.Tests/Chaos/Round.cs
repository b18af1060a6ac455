using OrderService.Tests.Shop;

namespace OrderService.Tests.Chaos;

/// <summary>Some time under load and faults, and the audit after it.</summary>
internal sealed class Round(
    ChaosShop shop, IReadOnlyList<Replica> apis, IReadOnlyList<Replica> workers, ReservationLog reservations, Figures figures, IReadOnlyList<FaultKind> kinds, TimeSpan gap)
{
    /// <summary>Many of them wait at any time, for what is broken or for the claim of a process that died.</summary>
    private static readonly int Shoppers = ChaosOptions.IsLong ? 200 : 32;

    /// <summary>Plenty of two, and a little of what is scarce.</summary>
    private static readonly int[] Stock = [1_000_000, 1_000_000, 50];

    /// <summary>What went wrong, in order.</summary>
    public List<string> Diary { get; } = [];

    /// <summary>Plays the round of a seed and returns what does not agree afterwards.</summary>
    public async Task<IReadOnlyList<string>> PlayAsync(int seed, int number, TimeSpan duration)
    {
        var customers = Enumerable.Range(0, Shoppers).Select(i => shop.Customer(1 + (((number * Shoppers) + i) % 1_000))).ToList();
        var ledger = await shop.NewLedgerAsync(customers, Stock);

        // Those of former rounds belong to orders that are in other books.
        reservations.Seen.Clear();
        var faults = new Faults(shop, apis, workers, new Random(seed), figures, kinds, gap);
        using var enough = new CancellationTokenSource();
        var shopping = Task.WhenAll(customers.Select((customer, i) =>
            new Shopper(shop, ledger, customer, new Random(HashCode(seed, i)), figures).ShopAsync(enough.Token)));
        try
        {
            // The customers are there until everything is right again: an order that goes through is how that is known.
            using var over = new CancellationTokenSource(duration);
            await await Task.WhenAny(faults.BreakAsync(over.Token), shopping);
        }
        finally
        {
            await enough.CancelAsync();
            await shopping.WaitAsync(3 * Eventually.Deadline);
            Diary.AddRange(faults.Diary);
        }

        // Those to a PostgreSQL that was killed are no good.
        shop.Database.Clear();
        await WaitUntilQuietAsync(shop);
        var audit = new ChaosAudit(shop, ledger, reservations, apis);
        var findings = await audit.FindAsync();
        figures.LeftInCarts(audit.Left);
        figures.Orphaned(ledger.Orphaned.Values.Sum());
        foreach (var order in ledger.Orders)
        {
            var seen = shop.Events.Of(order.Id);
            var events = seen.DistinctBy(e => e.Id).Count();
            figures.Seen(events, seen.Count - events);
        }

        return findings;
    }

    /// <summary>Everything is read and handled, and nothing is owed; an order that never gets there is what the audit is for.</summary>
    public static async Task WaitUntilQuietAsync(ChaosShop shop)
    {
        using var progress = new ReadingProgress(await shop.ConnectionStringAsync(ResourceNames.Kafka));
        await progress.WaitAsync();
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>(
                """
                SELECT concat_ws('; ',
                    (SELECT count(*) || ' rows of the outbox, the oldest of ' || min(occurred_at) || ': ' || string_agg(DISTINCT channel || ' in shard ' || shard, ', ')
                     FROM outbox_messages HAVING count(*) > 0),
                    (SELECT count(*) || ' messages waiting from ' || min(next_attempt_at) || ' to ' || max(next_attempt_at) || ': ' || string_agg(DISTINCT topic || ': ' || error, ', ')
                     FROM parked_messages HAVING count(*) > 0),
                    (SELECT 'it is ' || now() || ', and shards are owned by ' || string_agg(pid || ' (' || classid::int4 - x'4F524400'::int4 || ': ' || shards || ')', ', ')
                     FROM (SELECT pid, classid, count(*) AS shards FROM pg_locks WHERE locktype = 'advisory' AND granted GROUP BY pid, classid) AS owners
                     WHERE EXISTS (SELECT FROM outbox_messages UNION ALL SELECT FROM parked_messages)))
                """),
            owed => owed is "",
            "outbox and inbox being drained");
    }

    /// <summary>The same in every process, unlike <see cref="System.HashCode"/>.</summary>
    private static int HashCode(int seed, int shopper) => (seed * 7_919) + shopper;
}
