using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;

namespace OrderService.Worker.Outbox;

/// <summary>
/// A position below which some shards of a channel have no row and will never have one, so that reads need not walk over what was
/// deleted there: PostgreSQL keeps it for as long as any transaction is open that might see it, a backup for instance.
/// </summary>
/// <remarks>
/// Positions become visible out of order, so the least one that is visible now is no such floor. But whoever inserts locks the table
/// first (ROW EXCLUSIVE), then draws a position, and keeps the lock until its rows are visible or void. So once all those have ended who
/// held the lock after some position was the last one drawn, whatever becomes visible later lies above that position. Rows at or below it
/// that are visible then, are all there are; the floor stops at the first of them. It holds as long as nobody gives out positions
/// other than by the column's identity.
/// </remarks>
internal sealed class ReadFloor(NpgsqlConnection session, string channel)
{
    private HashSet<short> _shards = [];
    private long _drawn;
    private string[] _writers = [];

    /// <summary>No row of the shards lies below. 0 until something is known.</summary>
    public long Position { get; private set; }

    /// <summary>Raises the floor as far as the last look allows, and looks anew. Shards that were not there before bring it down.</summary>
    public async Task RaiseAsync(short[] shards, CancellationToken cancellationToken)
    {
        if (!_shards.IsSupersetOf(shards))
        {
            (Position, _drawn) = (0, 0);
        }

        _shards = [.. shards];
        if (_drawn > 0 && shards.Length > 0 && !_writers.Intersect(await WritersAsync(cancellationToken)).Any())
        {
            Position = Math.Min(_drawn + 1, await LeastAsync(shards, cancellationToken) ?? long.MaxValue);
            _drawn = 0;
        }

        if (_drawn == 0)
        {
            // In this order: who draws a later position may hold the lock or not.
            _drawn = await DrawnAsync(cancellationToken);
            _writers = await WritersAsync(cancellationToken);

            // Whoever sets the sequence back, gives positions out anew.
            Position = Math.Min(Position, _drawn + 1);
        }
    }

    private async Task<long> DrawnAsync(CancellationToken cancellationToken)
    {
        await using var drawn = new NpgsqlCommand(
            "SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM outbox_messages_position_seq", session);
        return (long)(await drawn.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<string[]> WritersAsync(CancellationToken cancellationToken)
    {
        await using var writers = new NpgsqlCommand(
            """
            SELECT coalesce(array_agg(virtualtransaction), '{}')
            FROM pg_locks
            WHERE locktype = 'relation' AND granted AND mode = 'RowExclusiveLock' AND relation = 'outbox_messages'::regclass
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            session);
        return (string[])(await writers.ExecuteScalarAsync(cancellationToken))!;
    }

    [SuppressMessage("Security", "CA2100", Justification = "The name of a channel, as the partial index has it.")]
    private async Task<long?> LeastAsync(short[] shards, CancellationToken cancellationToken)
    {
        await using var least = new NpgsqlCommand(
            $"""
            SELECT position FROM outbox_messages
            WHERE channel = '{channel}' AND shard = ANY ($1) AND position >= $2
            ORDER BY position
            LIMIT 1
            """,
            session);
        least.Parameters.Add(new() { Value = shards, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        least.Parameters.Add(new() { Value = Position });
        return (long?)await least.ExecuteScalarAsync(cancellationToken);
    }
}
