using Confluent.Kafka;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Persistence;
using OrderService.Worker.Outbox;

namespace OrderService.Worker.Consumers;

/// <summary>
/// Reads payment and fulfilment events, and handles a batch of those that are there at once: the orders beside each other, the events of
/// one order one after the other. The offsets of a batch are stored after the database has its effects, or has the records themselves put
/// aside; so a kill repeats records and loses none, and no record holds up those behind it. Only the database being away does.
/// </summary>
internal sealed partial class EventConsumer(
    IConsumer<string, byte[]> consumer,
    ExternalEventHandler handler,
    ParkingLot parkingLot,
    IOptions<TopicOptions> topics,
    IOptions<ConsumerOptions> options,
    TimeProvider time,
    ILogger<EventConsumer> logger) : BackgroundService
{
    /// <summary>Records that are handled before their offsets are stored.</summary>
    private const int BatchSize = 200;

    /// <summary>Each has a database connection of its own for its time.</summary>
    private const int OrdersAtOnce = 16;

    /// <summary>
    /// What exactly-once effects need of the consumer. A killed replica's partitions go to the others after the session's 6 s, and a
    /// fetch waits 50 ms at most, because librdkafka's broker, unlike Kafka, answers a waiting fetch only at its end.
    /// </summary>
    public static void Configure(ConsumerConfig config)
    {
        config.SessionTimeoutMs = 6_000;
        config.HeartbeatIntervalMs = 2_000;
        config.FetchWaitMaxMs = 50;
        config.GroupId = "order-service";
        config.AutoOffsetReset = AutoOffsetReset.Earliest;
        config.EnableAutoOffsetStore = false;
        config.EnableAutoCommit = true;
        config.AutoCommitIntervalMs = 1_000;
        config.AllowAutoCreateTopics = true;
        config.TopicMetadataRefreshIntervalMs = 5_000;
        config.PartitionAssignmentStrategy = PartitionAssignmentStrategy.CooperativeSticky;
    }

    // Consume blocks: a thread of its own, so that it takes none from the pool.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(() => Consume(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Consume(CancellationToken cancellationToken)
    {
        consumer.Subscribe([topics.Value.Payments, topics.Value.Fulfilment]);
        OrderTelemetry.ObserveConsumerLag(ReadLag);
        try
        {
            while (true)
            {
                try
                {
                    var batch = Take(cancellationToken);
                    HandleAsync(batch, cancellationToken).GetAwaiter().GetResult();
                    Store(batch);
                }
                catch (KafkaException e)
                {
                    LogKafka(logger, e.Error.Reason);
                    cancellationToken.WaitHandle.WaitOne(options.Value.MinBackoff);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        finally
        {
            consumer.Close();
        }
    }

    /// <summary>
    /// How many records of each topic this process has not read yet, as far as its client knows without asking the broker. Partitions of which
    /// nothing was read so far don't count. Called by whoever collects metrics.
    /// </summary>
    private Dictionary<string, long> ReadLag()
    {
        try
        {
            return consumer.Assignment.GroupBy(partition => partition.Topic)
                .ToDictionary(topic => topic.Key, topic => topic.Sum(partition => LagOf(partition)));
        }
        catch (Exception e) when (e is KafkaException or ObjectDisposedException)
        {
            // The partition was given away in this moment, or the worker ends.
            return [];
        }
    }

    private long LagOf(TopicPartition partition)
    {
        var (end, position) = (consumer.GetWatermarkOffsets(partition).High, consumer.Position(partition));
        return end.IsSpecial || position.IsSpecial ? 0 : Math.Max(0, end.Value - position.Value);
    }

    /// <summary>Waits for a record, and takes those along that are there as well.</summary>
    private List<ConsumeResult<string, byte[]>> Take(CancellationToken cancellationToken)
    {
        List<ConsumeResult<string, byte[]>> batch = [consumer.Consume(cancellationToken)];
        try
        {
            while (batch.Count < BatchSize && consumer.Consume(TimeSpan.Zero) is { } next)
            {
                batch.Add(next);
            }
        }
        catch (KafkaException e)
        {
            // What was taken does not come again by itself, so it is handled all the same.
            LogKafka(logger, e.Error.Reason);
        }

        return batch;
    }

    private Task HandleAsync(List<ConsumeResult<string, byte[]>> batch, CancellationToken cancellationToken) => Parallel.ForEachAsync(
        batch.GroupBy(record => record.Message.Key ?? ""),
        new ParallelOptions { MaxDegreeOfParallelism = OrdersAtOnce, CancellationToken = cancellationToken },
        async (order, stop) =>
        {
            foreach (var record in order)
            {
                await HandleAsync(IncomingMessage.From(record), stop);
            }
        });

    private void Store(List<ConsumeResult<string, byte[]>> batch)
    {
        foreach (var partition in batch.GroupBy(record => record.TopicPartition))
        {
            try
            {
                consumer.StoreOffset(partition.Last());
            }
            catch (KafkaException e)
            {
                // The group gave this partition away in the meantime. Its records come again, to whoever has it now, and are no-ops.
                LogKafka(logger, e.Error.Reason);
            }
        }
    }

    private async Task HandleAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        for (var failures = 1; ; failures++)
        {
            try
            {
                await HandleOnceAsync(message, cancellationToken);
                return;
            }
            catch (Exception e) when (DatabaseFailure.IsAway(e))
            {
                var wait = Backoff<string>.After(failures, options.Value.MinBackoff, options.Value.MaxBackoff);
                LogDatabaseAway(logger, wait.TotalSeconds, e.Message);
                await Task.Delay(wait, time, cancellationToken);
            }
        }
    }

    private async Task HandleOnceAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Value.Patience);
        try
        {
            if (await handler.HandleAsync(message, patience.Token) == HandlingOutcome.TooEarly)
            {
                await parkingLot.DeferAsync(message, Redelivery.TooEarlyReason, options.Value.MinBackoff, cancellationToken);
            }
        }
        catch (Exception e) when (ExternalEventHandler.IsFinal(e))
        {
            await parkingLot.ParkAsync(message, e.Message, cancellationToken);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            await parkingLot.DeferAsync(message, Redelivery.TooLongReason, options.Value.MinBackoff, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // It may be this order alone, locked for instance. If the whole database is away, this fails as well, and only then all wait.
            await parkingLot.DeferAsync(message, e.Message, options.Value.MinBackoff, cancellationToken);
            LogFailed(logger, message.EventId, message.Key, e);
        }
    }

    [LoggerMessage(EventId = 3101, EventName = "KafkaFailed", Level = LogLevel.Warning, Message = "Kafka: {Reason}")]
    private static partial void LogKafka(ILogger logger, string reason);

    [LoggerMessage(EventId = 3102, EventName = "EventsWaitForDatabase", Level = LogLevel.Warning, Message = "The database is away; the event at hand is tried again in {Wait} s: {Reason}")]
    private static partial void LogDatabaseAway(ILogger logger, double wait, string reason);

    [LoggerMessage(EventId = 3103, EventName = "EventFailed", Level = LogLevel.Error, Message = "Event {EventId} with key {Key} could not be handled and is tried again")]
    private static partial void LogFailed(ILogger logger, string? eventId, string? key, Exception exception);
}
