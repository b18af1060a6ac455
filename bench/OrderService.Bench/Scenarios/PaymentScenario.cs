using System.Diagnostics;
using System.Text;
using Confluent.Kafka;

namespace OrderService.Bench.Scenarios;

/// <summary>Payments of as many pending orders, published at once: until all are confirmed, and their stock is committed.</summary>
internal sealed class PaymentScenario : Scenario
{
    public const string Name = "payments";

    private const int Orders = 3_000;

    /// <summary>The only variant.</summary>
    public const string Variant = "3,000 payments";

    public override IReadOnlyList<string> Names => [Name];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        using var producer = await ConnectAsync(graph);
        for (var round = 1; round <= bench.Settings.Rounds; round++)
        {
            var pending = await PendingAsync(graph, cancellationToken);
            await graph.DrainAsync(cancellationToken);
            await bench.MeasureAsync((Name, Variant, round), graph.Product, () => PayAsync(graph, producer, pending, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Pays as many orders, for a worker that has seen payments.</summary>
    public static async Task PayAsync(Graph graph, CancellationToken cancellationToken)
    {
        using var producer = await ConnectAsync(graph);
        await PayAsync(graph, producer, await PendingAsync(graph, cancellationToken), cancellationToken);
    }

    private static async Task<IProducer<string, byte[]>> ConnectAsync(Graph graph) => new ProducerBuilder<string, byte[]>(new ProducerConfig
    {
        BootstrapServers = await graph.ConnectionStringAsync(ResourceNames.Kafka),
        EnableIdempotence = true,
        LingerMs = 5,
    }).Build();

    private static async Task<Timings> PayAsync(
        Graph graph, IProducer<string, byte[]> producer, List<(Guid Id, decimal Amount)> pending, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        foreach (var (id, amount) in pending)
        {
            producer.Produce("cloudforge.payments", Payment(id, amount));
        }

        await using var look = graph.Orders.CreateCommand("SELECT NOT EXISTS (SELECT FROM orders WHERE id = ANY ($1) AND status = 'PENDING')");
        look.Parameters.Add(new() { Value = pending.Select(order => order.Id).ToArray() });
        while (await look.ExecuteScalarAsync(cancellationToken) is not true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        return new(Stopwatch.GetElapsedTime(start), pending.Count, []);
    }

    /// <summary>The newest orders that nobody paid; placed first where there are too few.</summary>
    private static async Task<List<(Guid Id, decimal Amount)>> PendingAsync(Graph graph, CancellationToken cancellationToken)
    {
        while (true)
        {
            await using var select = graph.Orders.CreateCommand(
                "SELECT id, total_amount FROM orders WHERE status = 'PENDING' ORDER BY created_at DESC LIMIT $1");
            select.Parameters.Add(new() { Value = Orders });
            await using var row = await select.ExecuteReaderAsync(cancellationToken);
            var pending = new List<(Guid, decimal)>();
            while (await row.ReadAsync(cancellationToken))
            {
                pending.Add((row.GetGuid(0), row.GetDecimal(1)));
            }

            if (pending.Count == Orders)
            {
                return pending;
            }

            await Bench.WarmUpAsync(PlaceScenario.Call(graph.Product), PlaceScenario.Usual.Clients, TimeSpan.FromSeconds(2), cancellationToken);
        }
    }

    private static Message<string, byte[]> Payment(Guid order, decimal amount)
    {
        var (id, key) = (Guid.CreateVersion7().ToString(), order.ToString());
        return new()
        {
            Key = key,
            Value = Encoding.UTF8.GetBytes(FormattableString.Invariant(
                $$"""{"orderId":"{{key}}","paymentId":"{{id}}","amount":{{amount}},"currency":"EUR"}""")),
            Headers = new()
            {
                { "ce_specversion", "1.0"u8.ToArray() },
                { "ce_id", Encoding.UTF8.GetBytes(id) },
                { "ce_type", "io.cloudforge.payment.succeeded.v1"u8.ToArray() },
                { "ce_source", "/bench"u8.ToArray() },
                { "ce_subject", Encoding.UTF8.GetBytes(key) },
                { "ce_time", Encoding.UTF8.GetBytes(DateTime.UtcNow.ToString("O")) },
                { "content-type", "application/json"u8.ToArray() },
            },
        };
    }
}
