using Npgsql;
using NpgsqlTypes;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Outbox;

/// <summary>
/// What a relay does to the table, in the session that holds its shards. Its statements are prepared, and use the table's indexes:
/// PostgreSQL, before it has statistics about a sudden backlog, would rather read or even sort all of it for each batch. What can only be
/// read whole, the sequence for instance, then looks so dear that it would be compiled first, for 40 ms: so nothing is.
/// </summary>
internal sealed class OutboxTable : IAsyncDisposable
{
    private const string Park =
        """
        WITH needless AS (
            DELETE FROM outbox_messages AS refused
            WHERE position = $1 AND EXISTS (
                SELECT FROM outbox_messages AS later
                WHERE later.channel = $4 AND later.position > $1 AND later.order_id = refused.order_id AND later.type = $5)
            RETURNING position)
        UPDATE outbox_messages SET parked_at = $2, error = $3
        WHERE position = $1 AND NOT EXISTS (SELECT FROM needless)
        """;

    private const string Delete = "DELETE FROM outbox_messages WHERE position = ANY ($1)";

    private readonly NpgsqlBatch _exchange;
    private readonly NpgsqlParameter<long[]> _sent = new() { TypedValue = [] };
    private readonly NpgsqlParameter<short[]> _shards = new() { TypedValue = [], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint };
    private readonly NpgsqlParameter<Guid[]> _notNow = new() { TypedValue = [], NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid };
    private readonly NpgsqlParameter<long> _floor = new() { TypedValue = 0 };
    private readonly NpgsqlConnection _session;
    private readonly string _channel;
    private readonly string? _conclusion;

    private OutboxTable(NpgsqlConnection session, OutboxChannel channel, string? conclusion, int batchSize)
    {
        _session = session;
        (_channel, _conclusion) = (UpperCase.NameOf(channel), conclusion);

        // The channel is no parameter, so that also a plan for any parameters may use the channel's own index.
        _exchange = new NpgsqlBatch(session)
        {
            BatchCommands =
            {
                new(Delete) { Parameters = { _sent } },
                new($"""
                    SELECT position, id, order_id, sequence, type, payload, trace_parent, trace_state, occurred_at
                    FROM outbox_messages
                    WHERE channel = '{_channel}' AND shard = ANY ($1) AND position >= $3
                      AND order_id NOT IN (
                          SELECT unnest($2)
                          UNION ALL
                          SELECT order_id FROM outbox_messages WHERE channel = '{_channel}' AND parked_at IS NOT NULL)
                    ORDER BY position
                    LIMIT {batchSize}
                    """)
                {
                    Parameters = { _shards, _notNow, _floor },
                },
            },
        };
    }

    /// <summary>Makes a session ready to be used.</summary>
    /// <param name="session">The session.</param>
    /// <param name="channel">Whose rows.</param>
    /// <param name="conclusion">The channel's <see cref="IOutboxSender.Conclusion"/>.</param>
    /// <param name="batchSize">How many are read at once.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public static async Task<OutboxTable> PrepareAsync(
        NpgsqlConnection session, OutboxChannel channel, string? conclusion, int batchSize, CancellationToken cancellationToken)
    {
        // A deletion that a crash of the server takes back is a message sent twice, which it may be: no relay waits for the disk.
        await using (var settings = new NpgsqlCommand("SET enable_sort = off; SET enable_seqscan = off; SET jit = off; SET synchronous_commit = off", session))
        {
            await settings.ExecuteNonQueryAsync(cancellationToken);
        }

        var table = new OutboxTable(session, channel, conclusion, batchSize);
        await table._exchange.PrepareAsync(cancellationToken);
        return table;
    }

    /// <summary>
    /// Takes away what was sent and reads what is next, in one transaction and one round trip: of the shards, by position, without
    /// orders that have to wait (<paramref name="notNow"/>) or whose message is parked, and from <paramref name="floor"/> on. It is not to be cancelled: what was
    /// acknowledged goes away even if the worker is about to stop, because it would only be sent again.
    /// </summary>
    public async Task<List<OutboxRow>> ExchangeAsync(long[] sent, short[] shards, Guid[] notNow, long floor)
    {
        _sent.TypedValue = sent;
        _shards.TypedValue = shards;
        _notNow.TypedValue = notNow;
        _floor.TypedValue = floor;

        var rows = new List<OutboxRow>();
        await using var reader = await _exchange.ExecuteReaderAsync(CancellationToken.None);
        while (await reader.ReadAsync(CancellationToken.None))
        {
            rows.Add(new OutboxRow(
                reader.GetInt64(0),
                reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetInt32(3),
                reader.GetString(4),
                reader.GetFieldValue<byte[]>(5),
                reader.IsDBNull(6) ? null : reader.GetFieldValue<byte[]>(6),
                reader.IsDBNull(7) ? null : reader.GetFieldValue<byte[]>(7),
                reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return rows;
    }

    /// <summary>Only takes away what was sent. Not to be cancelled either.</summary>
    public async Task DeleteAsync(long[] sent)
    {
        await using var delete = new NpgsqlCommand(Delete, _session) { Parameters = { new() { Value = sent } } };
        await delete.ExecuteNonQueryAsync(CancellationToken.None);
    }

    /// <summary>
    /// Leaves a row that was refused in its place until a person has it sent again. Where a later one of its order makes it needless
    /// (<see cref="IOutboxSender.Conclusion"/>), it goes away instead.
    /// </summary>
    /// <returns>Whether it is parked.</returns>
    public async Task<bool> ParkAsync(long position, DateTimeOffset now, string error)
    {
        await using var park = new NpgsqlCommand(Park, _session);
        park.Parameters.Add(new() { Value = position });
        park.Parameters.Add(new() { Value = now });
        park.Parameters.Add(new() { Value = error.Replace('\0', '\uFFFD') });
        park.Parameters.Add(new() { Value = _channel });
        park.Parameters.Add(new() { Value = _conclusion ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
        return await park.ExecuteNonQueryAsync(CancellationToken.None) > 0;
    }

    public ValueTask DisposeAsync() => _exchange.DisposeAsync();
}
