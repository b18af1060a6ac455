using System.Diagnostics;
using Npgsql;

namespace OrderService.Bench;

/// <summary>Many events in an outbox, as if as many orders had been placed while no relay ran.</summary>
internal static class Backlog
{
    /// <summary>Adds events of orders that are nowhere else.</summary>
    public static async Task AddAsync(NpgsqlDataSource database, int count, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await AddAsync(connection, count, cancellationToken);
    }

    /// <summary>The same in a transaction that the connection may have.</summary>
    public static async Task AddAsync(NpgsqlConnection connection, int count, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(
            $$"""
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, trace_parent, occurred_at)
            SELECT id, order_id, get_byte(uuid_send(order_id), 15) % 32, 'EVENTS', 1, 'io.cloudforge.order.placed.v1',
                   format('{"orderId":"%s","userId":"00000000-0000-4000-8000-000000000001","totalAmount":37.02,"currency":"EUR","items":['
                       '{"productId":"B-001","productName":"Thing B-001 of the bench","quantity":1,"unitPrice":12.34,"totalPrice":12.34},'
                       '{"productId":"B-002","productName":"Thing B-002 of the bench","quantity":1,"unitPrice":12.34,"totalPrice":12.34},'
                       '{"productId":"B-003","productName":"Thing B-003 of the bench","quantity":1,"unitPrice":12.34,"totalPrice":12.34}],'
                       '"shippingAddress":"{{Requests.Address}}","notes":null,"placedAt":"2026-11-22T10:00:00.123456Z"}', order_id),
                   '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00', now()
            FROM (SELECT gen_random_uuid() AS id, gen_random_uuid() AS order_id FROM generate_series(1, $1) AS n) AS ids
            """,
            connection);
        insert.Parameters.Add(new() { Value = count });
        insert.CommandTimeout = 0;
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Waits until the first event is gone, then until all are.</summary>
    /// <returns>The time between the two.</returns>
    public static async Task<TimeSpan> TimeAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var first = await OldestAsync(database, cancellationToken);
        while (await OldestAsync(database, cancellationToken) == first)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken);
        }

        var start = Stopwatch.GetTimestamp();
        while (await OldestAsync(database, cancellationToken) is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellationToken);
        }

        return Stopwatch.GetElapsedTime(start);
    }

    /// <summary>MB of the outbox on disk: the table, and its indexes.</summary>
    public static async Task<(double Table, double Indexes)> SizeAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT pg_table_size('outbox_messages'), pg_indexes_size('outbox_messages')");
        await using var row = await select.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return (row.GetInt64(0) / 1e6, row.GetInt64(1) / 1e6);
    }

    /// <summary>Position of the oldest event; <c>null</c> when there is none.</summary>
    public static async Task<long?> OldestAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand("SELECT position FROM outbox_messages ORDER BY position LIMIT 1");
        return await select.ExecuteScalarAsync(cancellationToken) as long?;
    }
}
