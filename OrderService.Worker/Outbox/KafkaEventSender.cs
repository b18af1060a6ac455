using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Messaging;

namespace OrderService.Worker.Outbox;

/// <summary>
/// Publishes order events as CloudEvents 1.0 in Kafka's binary mode (github.com/cloudevents/spec, kafka-protocol-binding). The headers
/// are set here and not by the CloudEvents SDK, because the row already holds the finished body.
/// </summary>
internal sealed partial class KafkaEventSender(
    IProducer<string, byte[]> producer,
    IOptions<TopicOptions> topics,
    IHostApplicationLifetime lifetime,
    ILogger<KafkaEventSender> logger) : IOutboxSender
{
    private static readonly byte[] SpecVersion = "1.0"u8.ToArray();
    private static readonly byte[] Source = "/cloudforge/order-service"u8.ToArray();
    private static readonly byte[] Json = "application/json"u8.ToArray();

    public OutboxChannel Channel => OutboxChannel.Events;

    public int Concurrency => int.MaxValue;

    /// <summary>What the order of events needs of the producer.</summary>
    public static void Configure(ProducerConfig config)
    {
        config.EnableIdempotence = true;
        config.Acks = Acks.All;
        config.LingerMs = 1;
        config.CompressionType = CompressionType.Lz4;
        config.MessageTimeoutMs = 10_000;
    }

    public async Task SendAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        // A failure at a later topic repeats the event in the earlier ones: at least once holds for each.
        foreach (var topic in topics.Value.Of(row.Type))
        {
            await SendAsync(topic, row, cancellationToken);
        }
    }

    private async Task SendAsync(string topic, OutboxRow row, CancellationToken cancellationToken)
    {
        ActivityContext.TryParse(row.TraceParent, row.TraceState, isRemote: true, out var cause);
        using var activity = OrderTelemetry.Source.StartActivity($"send {topic}", ActivityKind.Producer, cause);
        activity?.SetTag("messaging.system", "kafka");
        activity?.SetTag("messaging.operation.type", "send");
        activity?.SetTag("messaging.destination.name", topic);
        activity?.SetTag("messaging.message.id", row.Id);
        activity?.SetTag("messaging.kafka.message.key", row.OrderId);

        try
        {
            await producer.ProduceAsync(topic, ToMessage(row), cancellationToken);
        }
        catch (ProduceException<string, byte[]> e)
        {
            activity?.SetStatus(ActivityStatusCode.Error, e.Error.Reason);
            if (e.Error.IsFatal)
            {
                LogFatal(logger, e.Error.Reason);
                Environment.ExitCode = 1;
                lifetime.StopApplication();
            }

            throw e.Error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidRecord
                ? new UnsendableException($"Kafka refuses the message for {topic}: {e.Error.Reason}", e)
                : e;
        }
    }

    private static Message<string, byte[]> ToMessage(OutboxRow row)
    {
        var headers = new Headers
        {
            { "ce_specversion", SpecVersion },
            { "ce_id", Encoding.UTF8.GetBytes(row.Id.ToString()) },
            { "ce_type", Encoding.UTF8.GetBytes(row.Type) },
            { "ce_source", Source },
            { "ce_subject", Encoding.UTF8.GetBytes(row.OrderId.ToString()) },
            { "ce_time", Encoding.UTF8.GetBytes(row.OccurredAt.UtcDateTime.ToString("O", CultureInfo.InvariantCulture)) },
            { "ce_sequence", Encoding.UTF8.GetBytes(row.Sequence.ToString(CultureInfo.InvariantCulture)) },
            { "content-type", Json },
        };
        if (row.TraceParent is not null)
        {
            headers.Add("traceparent", Encoding.UTF8.GetBytes(row.TraceParent));
        }

        if (row.TraceState is not null)
        {
            headers.Add("tracestate", Encoding.UTF8.GetBytes(row.TraceState));
        }

        return new Message<string, byte[]>
        {
            Key = row.OrderId.ToString(),
            Value = Encoding.UTF8.GetBytes(row.Payload),
            Headers = headers,
            Timestamp = new Timestamp(row.OccurredAt),
        };
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "The Kafka producer can't go on and the worker ends, to be started anew; no row is lost: {Reason}")]
    private static partial void LogFatal(ILogger logger, string reason);
}
