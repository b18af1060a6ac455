using System.Diagnostics;
using System.Globalization;
using System.Text;
using Confluent.Kafka;
using Npgsql;

namespace Limit;

/// <summary>What a drain did.</summary>
internal sealed record Drained(long Events, double Seconds);

/// <summary>
/// The plain relay: takes rows out of the outbox, sends them all, waits until all are acknowledged, commits. No order of an order's
/// events across two of it, no retries, no traces.
/// </summary>
internal sealed class OutboxLoop(NpgsqlDataSource database, IProducer<string, byte[]> producer)
{
    private const string Topic = "cloudforge.orders";

    private const string Claim =
        """
        DELETE FROM outbox_messages WHERE position IN (
            SELECT position FROM outbox_messages WHERE channel = 'EVENTS' ORDER BY position LIMIT 2000 FOR UPDATE SKIP LOCKED)
        RETURNING id, order_id, sequence, type, payload, trace_parent, occurred_at
        """;

    private static readonly byte[] SpecVersion = "1.0"u8.ToArray();
    private static readonly byte[] Source = "/cloudforge/order-service"u8.ToArray();
    private static readonly byte[] Json = "application/json"u8.ToArray();

    /// <summary>Sends until the outbox is empty.</summary>
    public async Task<Drained> RunAsync(CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        long events = 0;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        while (true)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            var sent = await SendBatchAsync(connection, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            if (sent == 0)
            {
                return new(events, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            events += sent;
        }
    }

    private async Task<int> SendBatchAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var (produced, open) = (0, 1);
        var all = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var claim = new NpgsqlCommand(Claim, connection);
        await using var row = await claim.ExecuteReaderAsync(cancellationToken);
        while (await row.ReadAsync(cancellationToken))
        {
            Interlocked.Increment(ref open);
            produced++;
            producer.Produce(Topic, MessageOf(row), Acknowledged);
        }

        Settle();
        await all.Task;
        return produced;

        void Acknowledged(DeliveryReport<string, byte[]> report)
        {
            if (report.Error.IsError)
            {
                all.TrySetException(new KafkaException(report.Error));
            }

            Settle();
        }

        void Settle()
        {
            if (Interlocked.Decrement(ref open) == 0)
            {
                all.TrySetResult();
            }
        }
    }

    private static Message<string, byte[]> MessageOf(NpgsqlDataReader row)
    {
        var order = row.GetGuid(1).ToString();
        var occurredAt = row.GetDateTime(6);
        return new()
        {
            Key = order,
            Value = Encoding.UTF8.GetBytes(row.GetString(4)),
            Timestamp = new Timestamp(occurredAt),
            Headers = new()
            {
                { "ce_specversion", SpecVersion },
                { "ce_id", Encoding.UTF8.GetBytes(row.GetGuid(0).ToString()) },
                { "ce_type", Encoding.UTF8.GetBytes(row.GetString(3)) },
                { "ce_source", Source },
                { "ce_subject", Encoding.UTF8.GetBytes(order) },
                { "ce_time", Encoding.UTF8.GetBytes(occurredAt.ToString("O", CultureInfo.InvariantCulture)) },
                { "ce_sequence", Encoding.UTF8.GetBytes(row.GetInt32(2).ToString(CultureInfo.InvariantCulture)) },
                { "content-type", Json },
                { "traceparent", Encoding.UTF8.GetBytes(row.GetString(5)) },
            },
        };
    }
}
