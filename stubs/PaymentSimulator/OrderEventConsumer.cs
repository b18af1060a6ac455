using System.Diagnostics;
using Confluent.Kafka;

namespace PaymentSimulator;

/// <summary>
/// Follows the orders and, in auto mode, publishes the event that comes next. The waits of all orders run side by side;
/// an offset is stored only when its message and all before it are done with.
/// </summary>
internal sealed partial class OrderEventConsumer(
    IConsumer<string, byte[]> consumer,
    PartitionProgress progress,
    EventPublisher publisher,
    Simulation simulation,
    ActivitySource activities,
    TimeProvider time,
    ILogger<OrderEventConsumer> logger) : BackgroundService
{
    /// <summary>The consumer group.</summary>
    public const string Group = "payment-simulator";

    private static readonly TimeSpan PollTime = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <inheritdoc />
    protected override Task ExecuteAsync(CancellationToken stoppingToken) =>
        Task.Factory.StartNew(() => Consume(stoppingToken), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Consume(CancellationToken stopping)
    {
        consumer.Subscribe(OrderEvent.Topic);
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                Poll(stopping);
                foreach (var next in progress.TakeFinished())
                {
                    consumer.StoreOffset(next);
                }
            }
        }
        finally
        {
            consumer.Close();
        }
    }

    private void Poll(CancellationToken stopping)
    {
        try
        {
            if (consumer.Consume(PollTime) is { } result)
            {
                simulation.CountConsumed();
                progress.Add(result.TopicPartitionOffset, ReactAsync(result, stopping));
            }
        }
        catch (ConsumeException exception)
        {
            LogConsumeFailed(exception.Error.Reason);
        }
    }

    private async Task ReactAsync(ConsumeResult<string, byte[]> result, CancellationToken stopping)
    {
        if (Read(result) is not { } cause)
        {
            return;
        }

        if (cause.Total is { } total)
        {
            simulation.Remember(cause.OrderId, total);
        }

        if (simulation.Mode == SimulationMode.Manual || SimulatedEvent.After(cause) is not var (delay, next))
        {
            return;
        }

        await Task.Delay(delay, time, stopping);
        if (simulation.Mode == SimulationMode.Auto)
        {
            await PublishAsync(next, cause, stopping);
        }
    }

    private OrderEvent? Read(ConsumeResult<string, byte[]> result)
    {
        try
        {
            return OrderEvent.Parse(result.Message);
        }
        catch (FormatException exception)
        {
            simulation.CountSkipped();
            LogSkipped(result.TopicPartitionOffset, exception.Message);
            return null;
        }
    }

    private async Task PublishAsync(SimulatedEvent next, OrderEvent cause, CancellationToken stopping)
    {
        ActivityContext.TryParse(cause.TraceParent, traceState: null, isRemote: true, out var parent);
        using var activity = activities.StartActivity($"process {OrderEvent.Topic}", ActivityKind.Consumer, parent);
        activity?.SetTag("messaging.system", "kafka");
        activity?.SetTag("messaging.operation.type", "process");
        activity?.SetTag("messaging.destination.name", OrderEvent.Topic);
        activity?.SetTag("messaging.consumer.group.name", Group);
        activity?.SetTag("messaging.kafka.message.key", cause.OrderId.ToString());
        activity?.SetTag("messaging.message.id", cause.Id);
        while (true)
        {
            try
            {
                await publisher.PublishAsync(next, cause.TraceParent, stopping);
                return;
            }
            catch (KafkaException exception)
            {
                LogPublishFailed(next.Type, next.OrderId, exception.Error.Reason);
                await Task.Delay(RetryDelay, time, stopping);
            }
        }
    }

    [LoggerMessage(LogLevel.Warning, "Skipped the malformed order event at {Position}: {Reason}")]
    private partial void LogSkipped(TopicPartitionOffset position, string reason);

    [LoggerMessage(LogLevel.Warning, "Reading order events failed, trying again: {Reason}")]
    private partial void LogConsumeFailed(string reason);

    [LoggerMessage(LogLevel.Warning, "Publishing {Type} for order {OrderId} failed, trying again: {Reason}")]
    private partial void LogPublishFailed(string type, Guid orderId, string reason);
}
