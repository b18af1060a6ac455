using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace PaymentSimulator;

/// <summary>Publishes events as CloudEvents 1.0 in binary mode, within the trace of whoever calls.</summary>
internal sealed class EventPublisher(IProducer<string, byte[]> producer, ActivitySource activities, Simulation simulation, TimeProvider time)
{
    private const string Source = "urn:cloudforge:payment-simulator";

    /// <summary>Returns when Kafka has the event.</summary>
    /// <param name="published">The event.</param>
    /// <param name="traceParent">The trace to continue where no span is recorded.</param>
    /// <param name="cancellationToken">Ends the wait; the event may still be sent.</param>
    /// <exception cref="ProduceException{TKey,TValue}">Kafka did not take it in time.</exception>
    public async Task PublishAsync(SimulatedEvent published, string? traceParent, CancellationToken cancellationToken)
    {
        var key = published.OrderId.ToString();
        using var activity = activities.StartActivity($"send {published.Topic}", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "kafka");
        activity?.SetTag("messaging.operation.type", "send");
        activity?.SetTag("messaging.destination.name", published.Topic);
        activity?.SetTag("messaging.kafka.message.key", key);
        activity?.SetTag("messaging.message.id", published.Id.ToString());

        var headers = new Headers();
        Add(headers, "ce_specversion", "1.0");
        Add(headers, "ce_id", published.Id.ToString());
        Add(headers, "ce_type", published.Type);
        Add(headers, "ce_source", Source);
        Add(headers, "ce_subject", key);
        Add(headers, "ce_time", time.GetUtcNow().UtcDateTime.ToString("O"));
        Add(headers, "content-type", "application/json");
        if ((Activity.Current?.Id ?? traceParent) is { } context)
        {
            Add(headers, "traceparent", context);
        }

        try
        {
            var value = JsonSerializer.SerializeToUtf8Bytes(published.Body, JsonSerializerOptions.Web);
            await producer.ProduceAsync(published.Topic, new() { Key = key, Value = value, Headers = headers }, cancellationToken);
            simulation.CountPublished();
        }
        catch (KafkaException exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error, exception.Error.Reason);
            throw;
        }
    }

    private static void Add(Headers headers, string name, string value) => headers.Add(name, Encoding.UTF8.GetBytes(value));
}
