using System.Diagnostics.CodeAnalysis;
using Npgsql;
using OrderService.Core.Messaging;

namespace OrderService.Worker.Outbox;

/// <summary>
/// Whether this process owns the first shard of the events. At most one does, so it is the one that does what need not be done twice.
/// </summary>
internal sealed class FirstShard
{
    private volatile bool _isOurs;

    /// <summary>Whether it is this one.</summary>
    public bool IsOurs => _isOurs;

    /// <summary>Notes what the relay of a channel owns now.</summary>
    public void Note(OutboxChannel channel, short[] owned)
    {
        if (channel == OutboxChannel.Events)
        {
            _isOurs = owned.Contains((short)0);
        }
    }
}

/// <summary>
/// The shards that this relay owns, as advisory locks of its session: PostgreSQL hands them on when the session ends, however it ends.
/// Replicas share the shards evenly; each tells the others that it is there by one more lock.
/// </summary>
internal sealed class ShardLease(NpgsqlConnection session, OutboxChannel channel)
{
    /// <summary>First key of our two-part advisory locks: a pair of values for each channel.</summary>
    private const int Namespace = 0x4F52_4400;

    private readonly int _shardClass = Namespace + (2 * (int)channel);
    private readonly int _memberClass = Namespace + (2 * (int)channel) + 1;
    private readonly HashSet<short> _owned = [];

    /// <summary>The shards that are ours now.</summary>
    public short[] Owned => [.. _owned];

    /// <summary>Makes this relay count as a replica.</summary>
    public async Task JoinAsync(CancellationToken cancellationToken)
    {
        await using var join = new NpgsqlCommand("SELECT pg_advisory_lock($1, pg_backend_pid())", session);
        join.Parameters.Add(new() { Value = _memberClass });
        await join.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>
    /// Takes free shards up to a fair share and gives back what is above it, but none of the <paramref name="busy"/> ones, whose
    /// messages are on their way.
    /// </summary>
    public async Task BalanceAsync(short[] busy, CancellationToken cancellationToken)
    {
        var (members, taken) = await LookAsync(cancellationToken);
        var share = (OutboxMessage.Shards + members - 1) / Math.Max(1, members);

        foreach (var surplus in _owned.Except(busy).Take(_owned.Count - share).ToArray())
        {
            await using var unlock = LockCommand("SELECT pg_advisory_unlock($1, $2)", surplus);
            await unlock.ExecuteNonQueryAsync(cancellationToken);
            _owned.Remove(surplus);
        }

        for (short shard = 0; shard < OutboxMessage.Shards && _owned.Count < share; shard++)
        {
            if (!taken.Contains(shard))
            {
                await using var tryLock = LockCommand("SELECT pg_try_advisory_lock($1, $2)", shard);
                if (await tryLock.ExecuteScalarAsync(cancellationToken) is true)
                {
                    _owned.Add(shard);
                }
            }
        }
    }

    private async Task<(int Members, HashSet<short> Taken)> LookAsync(CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(
            """
            SELECT classid::int4, objid::int4
            FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND objsubid = 2 AND classid::int4 = ANY ($1)
              AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
            """,
            session);
        look.Parameters.Add(new() { Value = new[] { _shardClass, _memberClass } });
        await using var rows = await look.ExecuteReaderAsync(cancellationToken);
        var members = 0;
        var taken = new HashSet<short>();
        while (await rows.ReadAsync(cancellationToken))
        {
            if (rows.GetInt32(0) == _memberClass)
            {
                members++;
            }
            else
            {
                taken.Add((short)rows.GetInt32(1));
            }
        }

        return (members, taken);
    }

    [SuppressMessage("Security", "CA2100", Justification = "One of the statements above.")]
    private NpgsqlCommand LockCommand(string sql, short shard) =>
        new(sql, session) { Parameters = { new() { Value = _shardClass }, new() { Value = (int)shard } } };
}
