using Confluent.Kafka;
using Microsoft.Extensions.Options;
using OrderService.Core.Persistence;
using OrderService.Worker.Outbox;

namespace OrderService.Worker.Consumers;

/// <summary>
/// Reads payment and fulfilment events. A record's offset is stored after the database has its effect, or has the record itself put
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
        try
        {
            while (true)
            {
                try
                {
                    var record = consumer.Consume(cancellationToken);
                    HandleAsync(IncomingMessage.From(record), cancellationToken).GetAwaiter().GetResult();
                    consumer.StoreOffset(record);
                }
                catch (KafkaException e)
                {
                    // Among them: a record handled for so long that the group gave its partition away. It comes again and is a no-op.
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "Kafka: {Reason}")]
    private static partial void LogKafka(ILogger logger, string reason);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The database is away; the event at hand is tried again in {Wait} s: {Reason}")]
    private static partial void LogDatabaseAway(ILogger logger, double wait, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Event {EventId} with key {Key} could not be handled and is tried again")]
    private static partial void LogFailed(ILogger logger, string? eventId, string? key, Exception exception);
}
