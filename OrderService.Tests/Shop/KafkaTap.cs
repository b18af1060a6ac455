using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace OrderService.Tests.Shop;

/// <summary>An event as an outside consumer sees it, and what about it is not as documented.</summary>
internal sealed record SeenEvent(string? Key, IReadOnlyDictionary<string, string> Headers, JsonElement Body, Lazy<IReadOnlyList<string>> Violations)
{
    public string Id => Headers["ce_id"];

    public string Type => Headers["ce_type"];

    public int Sequence => int.Parse(Headers["ce_sequence"], CultureInfo.InvariantCulture);

    /// <summary>The short name: <c>placed</c>.</summary>
    public string Name => Type["io.cloudforge.order.".Length..^".v1".Length];

    public string TraceId => Headers["traceparent"].Split('-')[1];
}

/// <summary>
/// Reads everything on the topics, <c>cloudforge.orders</c> unless others are given, from the start, as a consumer that nobody knows of. A
/// test that looks at an event which is not as <c>docs/asyncapi.yaml</c> says fails.
/// </summary>
internal sealed class KafkaTap : IDisposable
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<SeenEvent>> _byOrder = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly AsyncApi _contract;
    private readonly Thread _reader;

    public KafkaTap(string bootstrapServers, AsyncApi contract, params string[] topics)
    {
        _contract = contract;
        var config = new ConsumerConfig
        {
            BootstrapServers = bootstrapServers,
            ClientId = Publisher.ClientId,
            GroupId = $"tap-{Guid.NewGuid()}",
            AutoOffsetReset = AutoOffsetReset.Earliest,
            EnableAutoCommit = false,
            TopicMetadataRefreshIntervalMs = 1_000,
            AllowAutoCreateTopics = true,
            FetchWaitMaxMs = 50,
        };
        _reader = new Thread(() => Read(config, topics is [] ? ["cloudforge.orders"] : topics)) { IsBackground = true, Name = nameof(KafkaTap) };
        _reader.Start();
    }

    /// <summary>The order's events in the order of their arrival, repeats included.</summary>
    public IReadOnlyList<SeenEvent> Of(Guid orderId)
    {
        IReadOnlyList<SeenEvent> events = _byOrder.TryGetValue(orderId.ToString(), out var seen) ? [.. seen] : [];
        Assert.Empty(events.SelectMany(e => e.Violations.Value));
        return events;
    }

    /// <summary>The order's events without repeats, once there are <paramref name="count"/> of them.</summary>
    public Task<List<SeenEvent>> WaitAsync(Guid orderId, int count) => Eventually.SeeAsync(
        () => Of(orderId).DistinctBy(e => e.Id).ToList(),
        seen => seen.Count >= count,
        $"{count} events of order {orderId}");

    public void Dispose()
    {
        _stop.Cancel();
        _reader.Join();
        _stop.Dispose();
    }

    private void Read(ConsumerConfig config, string[] topics)
    {
        using var consumer = new ConsumerBuilder<string, byte[]>(config).Build();
        consumer.Subscribe(topics);
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                if (consumer.Consume(TimeSpan.FromMilliseconds(100)) is { Message: { } message })
                {
                    var headers = message.Headers.ToDictionary(header => header.Key, header => Encoding.UTF8.GetString(header.GetValueBytes()));
                    var body = Encoding.UTF8.GetString(message.Value);
                    _byOrder.GetOrAdd(message.Key, _ => new ConcurrentQueue<SeenEvent>())
                        .Enqueue(new SeenEvent(message.Key, headers, JsonDocument.Parse(body).RootElement, new(() => _contract.Violations(headers, body))));
                }
            }
            catch (ConsumeException)
            {
                // The topic is not there yet or the broker is paused by a test; the next look tells.
            }
        }

        consumer.Close();
    }
}
