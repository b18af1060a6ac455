using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Confluent.Kafka;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Bench.Scenarios;

/// <summary>
/// How long an order's event takes from the commit to the broker, at a steady 1,000 orders a second whatever becomes of those before.
/// Seen from outside: from the moment at which the client has its 201 (or, where the API is left out, the end of its transaction) until
/// a consumer has the event. The consumer asks the broker every 2 ms, which is part of what is told, and for one partition only: the
/// embedded broker looks for each answer through all that it keeps of each partition it is asked for.
/// </summary>
internal sealed class LagScenario : Scenario
{
    public const string Name = "lag";

    /// <summary>Orders come through the API.</summary>
    public const string ThroughApi = "through the API";

    /// <summary>Orders are written by the bench in one statement, and the relay is woken as the API wakes it.</summary>
    public const string Direct = "written directly";

    private const int OrdersPerSecond = 1_000;
    private const string Topic = "cloudforge.orders";

    private static readonly TimeSpan FetchWait = TimeSpan.FromMilliseconds(2);

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        await using var database = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(await graph.ConnectionStringAsync(ResourceNames.Orders)) { MaxAutoPrepare = 8, MaxPoolSize = 16 });
        var table = new global::Limit.OrderTable(database);
        using var arrivals = new Arrivals(await graph.ConnectionStringAsync(ResourceNames.Kafka));
        using var wakeup = new OutboxWakeup(database, NullLogger<OutboxWakeup>.Instance);
        await wakeup.StartAsync(cancellationToken);
        var product = graph.Product;

        var call = PlaceScenario.Call(product);
        await Bench.WarmUpAsync(call, PlaceScenario.Usual.Clients, bench.Settings.WarmUp, cancellationToken);
        var most = await product.Load.RunAsync(PlaceScenario.Usual.Clients, bench.Settings.Length, call.Next, call.Expected, cancellationToken);
        foreach (var (variant, place) in new (string, Func<long, Task<Guid>>)[] { (Direct, DirectAsync), (ThroughApi, ThroughApiAsync) })
        {
            if (variant == ThroughApi && most.Rate < 1.2 * OrdersPerSecond)
            {
                Bench.Say($"{Name} {variant}: left out, since no more than {most.Rate:n0} orders/s get through here");
                continue;
            }

            Bench.Say($"{Name} {variant}: warming up");
            await RunAsync(place, bench.Settings.WarmUp / 3);
            for (var round = 1; round <= bench.Settings.Rounds; round++)
            {
                await graph.DrainAsync(cancellationToken);
                await bench.MeasureAsync((Name, variant, round), product, () => RunAsync(place, 2 * bench.Settings.Length), cancellationToken);
            }
        }

        async Task<Guid> DirectAsync(long number)
        {
            var lines = Enumerable.Range((int)(number % Requests.Products), 3)
                .Select(product => new global::Limit.RequestedLine(Requests.ProductId(product), 1));
            var (id, _) = await table.PlaceAsync(
                Requests.UserId((int)(number % Requests.Users) + 1),
                Guid.NewGuid().ToString(),
                new([.. lines], Requests.Address, null));
            wakeup.Wake(OutboxChannel.Events);
            return id;
        }

        async Task<Guid> ThroughApiAsync(long number)
        {
            var location = await product.Load.SendAsync(product.Requests.Place(0, number), HttpStatusCode.Created, cancellationToken);
            return Guid.Parse(location!.OriginalString[^36..]);
        }

        async Task<Timings> RunAsync(Func<long, Task<Guid>> place, TimeSpan length)
        {
            var count = (int)(length.TotalSeconds * OrdersPerSecond);
            var committed = new ConcurrentQueue<(Guid Order, long At)>();
            var open = new Task[count];
            var start = Stopwatch.GetTimestamp();
            for (var number = 0; number < count; number++)
            {
                var due = TimeSpan.FromSeconds((double)number / OrdersPerSecond);
                while (Stopwatch.GetElapsedTime(start) is var now && now < due)
                {
                    await Task.Delay(1, cancellationToken);
                }

                open[number] = PlaceAsync(number);
            }

            await Task.WhenAll(open);
            var elapsed = Stopwatch.GetElapsedTime(start);
            await graph.DrainAsync(cancellationToken);
            var lags = await arrivals.LagsAsync([.. committed], cancellationToken);

            return new Timings(elapsed, count, [.. lags.Order()]);

            async Task PlaceAsync(long number)
            {
                await Task.Yield();
                var order = await place(number);
                committed.Enqueue((order, Stopwatch.GetTimestamp()));
            }
        }
    }

    /// <summary>When each order's event was there for a consumer.</summary>
    private sealed class Arrivals : IDisposable
    {
        /// <summary>After which no more is to come.</summary>
        private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(500);

        private readonly ConcurrentDictionary<string, long> _times = new();
        private readonly CancellationTokenSource _stop = new();
        private readonly Thread _reader;

        public Arrivals(string bootstrapServers)
        {
            var config = new ConsumerConfig
            {
                BootstrapServers = bootstrapServers,
                GroupId = "bench",
                EnableAutoCommit = false,
                FetchWaitMaxMs = (int)FetchWait.TotalMilliseconds,
            };
            _reader = new Thread(() => Read(config)) { IsBackground = true, Name = nameof(Arrivals) };
            _reader.Start();
        }

        /// <summary>Of those orders whose events are in the partition, when the last of all has come.</summary>
        public async Task<List<TimeSpan>> LagsAsync((Guid Order, long At)[] committed, CancellationToken cancellationToken)
        {
            for (var seen = -1; seen < _times.Count;)
            {
                seen = _times.Count;
                await Task.Delay(Silence, cancellationToken);
            }

            var lags = new List<TimeSpan>(committed.Length / 8);
            foreach (var (order, at) in committed)
            {
                if (_times.TryRemove(order.ToString(), out var arrived))
                {
                    lags.Add(Stopwatch.GetElapsedTime(at, arrived));
                }
            }

            return lags.Count > 0 ? lags : throw new BenchException("No event of the orders came.");
        }

        public void Dispose()
        {
            _stop.Cancel();
            _reader.Join();
            _stop.Dispose();
        }

        private void Read(ConsumerConfig config)
        {
            using var consumer = new ConsumerBuilder<string, Ignore>(config).Build();
            consumer.Assign(new TopicPartitionOffset(Topic, new Partition(0), Offset.End));
            while (!_stop.IsCancellationRequested)
            {
                if (consumer.Consume(100) is { Message: { } message })
                {
                    _times[message.Key] = Stopwatch.GetTimestamp();
                }
            }
        }
    }
}
