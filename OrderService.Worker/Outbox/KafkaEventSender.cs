using System.Collections.Concurrent;
using System.Diagnostics;
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
    IProducer<byte[], byte[]> producer,
    IOptions<TopicOptions> topics,
    IHostApplicationLifetime lifetime,
    ILogger<KafkaEventSender> logger) : IOutboxSender
{
    private static readonly Header SpecVersion = new("ce_specversion", "1.0"u8.ToArray());
    private static readonly Header Source = new("ce_source", "/cloudforge/order-service"u8.ToArray());
    private static readonly Header Json = new("content-type", "application/json"u8.ToArray());

    private readonly IProducer<byte[], byte[]> _producer = producer;
    private readonly ConcurrentDictionary<string, Route> _routes = new(StringComparer.Ordinal);

    public OutboxChannel Channel => OutboxChannel.Events;

    public string? Conclusion => null;

    /// <summary>What the order of events needs of the producer. Delivery reports need not repeat what was sent.</summary>
    public static void Configure(ProducerConfig config)
    {
        config.EnableIdempotence = true;
        config.Acks = Acks.All;
        config.LingerMs = 1;
        config.CompressionType = CompressionType.Lz4;
        config.MessageTimeoutMs = 10_000;
        config.DeliveryReportFields = "none";
    }

    public void Send(OutboxRow row, IDelivery delivery, CancellationToken cancellationToken)
    {
        var route = _routes.GetOrAdd(row.Type, (type, options) => new(new("ce_type", Encoding.UTF8.GetBytes(type)), options.Of(type)), topics.Value);
        new Publication(this, row, route, delivery).ToNextTopic();
    }

    /// <summary>Where the events of a type go.</summary>
    private sealed record Route(Header Type, string[] Topics);

    /// <summary>
    /// An event on its way to its topics, one after the other. A failure at a later topic repeats it in the earlier ones: at least once
    /// holds for each.
    /// </summary>
    private sealed class Publication(KafkaEventSender sender, OutboxRow row, Route route, IDelivery delivery)
    {
        private readonly Message<byte[], byte[]> _message = ToMessage(row, route);
        private int _topic;
        private Activity? _activity;

        public void ToNextTopic()
        {
            if (OrderTelemetry.Source.HasListeners())
            {
                _activity = Start(route.Topics[_topic], row);
            }

            try
            {
                sender._producer.Produce(route.Topics[_topic], _message, Report);
            }
            catch (ProduceException<byte[], byte[]> e)
            {
                Fail(e.Error);
            }
        }

        private void Report(DeliveryReport<byte[], byte[]> report)
        {
            if (report.Error.IsError)
            {
                Fail(report.Error);
                return;
            }

            _activity?.Dispose();
            if (++_topic < route.Topics.Length)
            {
                ToNextTopic();
            }
            else
            {
                delivery.Acknowledge();
            }
        }

        private void Fail(Error error)
        {
            _activity?.SetStatus(ActivityStatusCode.Error, error.Reason);
            _activity?.Dispose();
            if (error.IsFatal)
            {
                sender.End(error);
            }

            delivery.Fail(error.Code is ErrorCode.MsgSizeTooLarge or ErrorCode.InvalidMsg or ErrorCode.InvalidRecord
                ? new UnsendableException($"Kafka refuses the message for {route.Topics[_topic]}: {error.Reason}")
                : new KafkaException(error));
        }
    }

    private static Message<byte[], byte[]> ToMessage(OutboxRow row, Route route)
    {
        var orderId = Utf8(row.OrderId, 36);
        var headers = new Headers
        {
            SpecVersion,
            { "ce_id", Utf8(row.Id, 36) },
            route.Type,
            Source,
            { "ce_subject", orderId },
            { "ce_time", Utf8(row.OccurredAt.UtcDateTime, 28, "O") },
            { "ce_sequence", Utf8(row.Sequence, 11) },
            Json,
        };
        if (row.TraceParent is not null)
        {
            headers.Add("traceparent", row.TraceParent);
        }

        if (row.TraceState is not null)
        {
            headers.Add("tracestate", row.TraceState);
        }

        return new Message<byte[], byte[]> { Key = orderId, Value = row.Payload, Headers = headers, Timestamp = new Timestamp(row.OccurredAt) };
    }

    private static byte[] Utf8<T>(T value, int longest, string? format = null)
        where T : IUtf8SpanFormattable
    {
        Span<byte> text = stackalloc byte[longest];
        return value.TryFormat(text, out var length, format, null)
            ? text[..length].ToArray()
            : throw new ArgumentOutOfRangeException(nameof(longest), longest, $"Too short for {value}.");
    }

    /// <summary>The span of a message. It runs beside what this thread does, which therefore keeps its own.</summary>
    private static Activity? Start(string topic, OutboxRow row)
    {
        ActivityContext.TryParse(Text(row.TraceParent), Text(row.TraceState), isRemote: true, out var cause);
        var current = Activity.Current;
        var activity = OrderTelemetry.Source.StartActivity($"send {topic}", ActivityKind.Producer, cause);
        Activity.Current = current;
        activity?.SetTag("messaging.system", "kafka");
        activity?.SetTag("messaging.operation.type", "send");
        activity?.SetTag("messaging.destination.name", topic);
        activity?.SetTag("messaging.message.id", row.Id);
        activity?.SetTag("messaging.kafka.message.key", row.OrderId);
        return activity;

        static string? Text(byte[]? utf8) => utf8 is null ? null : Encoding.UTF8.GetString(utf8);
    }

    private void End(Error error)
    {
        LogFatal(logger, error.Reason);
        Environment.ExitCode = 1;
        lifetime.StopApplication();
    }

    [LoggerMessage(EventId = 3004, EventName = "ProducerFailed", Level = LogLevel.Critical, Message = "The Kafka producer can't go on and the worker ends, to be started anew; no row is lost: {Reason}")]
    private static partial void LogFatal(ILogger logger, string reason);
}
