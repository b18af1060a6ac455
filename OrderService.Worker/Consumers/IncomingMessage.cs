using System.Security.Cryptography;
using System.Text;
using Confluent.Kafka;

namespace OrderService.Worker.Consumers;

/// <summary>A message of another service, as it came from Kafka or from the table of waiting ones.</summary>
/// <param name="Id">The same at every delivery of the same record.</param>
/// <param name="Topic">Where it came from.</param>
/// <param name="Key">Its key, which should be the order id.</param>
/// <param name="Headers">Its headers as text.</param>
/// <param name="Body">Its body.</param>
internal sealed record IncomingMessage(Guid Id, string Topic, string? Key, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    /// <summary>CloudEvents' id; required.</summary>
    public string? EventId => Headers.GetValueOrDefault("ce_id");

    /// <summary>CloudEvents' source. Where it is missing, the topic tells senders apart.</summary>
    public string Source => Headers.GetValueOrDefault("ce_source", Topic);

    /// <summary>CloudEvents' type; required.</summary>
    public string? EventType => Headers.GetValueOrDefault("ce_type");

    /// <summary>W3C trace context.</summary>
    public string? TraceParent => Headers.GetValueOrDefault("traceparent");

    /// <summary>W3C trace state.</summary>
    public string? TraceState => Headers.GetValueOrDefault("tracestate");

    /// <summary>Reads a Kafka record. Of a header that occurs twice the last one counts.</summary>
    public static IncomingMessage From(ConsumeResult<string, byte[]> record)
    {
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var header in record.Message.Headers)
        {
            headers[header.Key] = Encoding.UTF8.GetString(header.GetValueBytes() ?? []);
        }

        return new IncomingMessage(IdOf(record), record.Topic, record.Message.Key, headers, record.Message.Value ?? []);
    }

    /// <summary>From the record's place and time: a broker that starts empty again gives out the same places, but not the same times.</summary>
    private static Guid IdOf(ConsumeResult<string, byte[]> record) => new(
        SHA256.HashData(Encoding.UTF8.GetBytes($"{record.Topic}/{record.Partition.Value}/{record.Offset.Value}/{record.Message.Timestamp.UnixTimestampMs}"))
            .AsSpan(0, 16));
}
