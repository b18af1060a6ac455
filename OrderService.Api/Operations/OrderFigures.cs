using System.Buffers.Binary;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>
/// Figures about orders at a cost that does not grow with their number (docs/decisions/0026). States are those of the newest orders, which are
/// next to each other in the primary key, since ids are UUIDv7. A minute that is over is counted once and remembered.
/// </summary>
internal sealed class OrderFigures(NpgsqlDataSource database, TimeProvider time) : IDisposable
{
    /// <summary>The newest orders that are looked at; the statement below has the same number.</summary>
    private const int CountedTo = 10_000;

    private const int Minutes = 60;

    /// <summary>How many minutes, with the one that goes on, may still get an order: it has its time before it is committed.</summary>
    private const int OpenMinutes = 2;

    private const string StatesAndSteps =
        """
        WITH newest AS MATERIALIZED (SELECT id, status, created_at FROM orders ORDER BY id DESC LIMIT 10000)
        SELECT NULL, status, count(*)::integer, min(created_at) FROM newest GROUP BY status
        UNION ALL
        SELECT entry.from_status, entry.to_status, count(*)::integer, NULL
        FROM newest JOIN order_history AS entry ON entry.order_id = newest.id
        WHERE entry.from_status <> entry.to_status
        GROUP BY entry.from_status, entry.to_status
        """;

    private const string PlacedByMinute =
        """
        SELECT floor(extract(epoch FROM created_at) / 60)::bigint, count(*)::integer
        FROM orders WHERE id >= $1 AND created_at >= $2 GROUP BY 1
        """;

    private static readonly TimeSpan Age = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Dictionary<long, int> _placed = [];
    private long _open;
    private SummaryResponse? _latest;
    private long _lookedAt;

    /// <summary>The figures, none older than <see cref="Age"/>. Those who ask at once share one look.</summary>
    public async Task<SummaryResponse> ReadAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_latest is null || time.GetElapsedTime(_lookedAt) >= Age)
            {
                _latest = await LookAsync(cancellationToken);
                _lookedAt = time.GetTimestamp();
            }

            return _latest;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();

    private async Task<SummaryResponse> LookAsync(CancellationToken cancellationToken)
    {
        var now = time.Now();
        var minute = now.ToUnixTimeSeconds() / 60;
        await CountMinutesAsync(minute, cancellationToken);

        var counts = new Dictionary<OrderStatus, int>();
        var steps = new List<StepCount>();
        DateTimeOffset? since = null;
        await using var command = database.CreateCommand();
        command.CommandText = StatesAndSteps;
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            var to = UpperCase.ValueOf<OrderStatus>(rows.GetString(1));
            if (!rows.IsDBNull(0))
            {
                steps.Add(new(UpperCase.ValueOf<OrderStatus>(rows.GetString(0)), to, rows.GetInt32(2)));
                continue;
            }

            counts.Add(to, rows.GetInt32(2));
            var oldest = rows.GetFieldValue<DateTimeOffset>(3);
            since = since < oldest ? since : oldest;
        }

        return new(
            now,
            counts.Values.Sum(),
            CountedTo,
            since,
            [.. Enum.GetValues<OrderStatus>().Select(status => new StateCount(status, counts.GetValueOrDefault(status)))],
            [.. steps.OrderBy(step => step.From).ThenBy(step => step.To)],
            [.. Enumerable.Range(0, Minutes)
                .Select(offset => minute - Minutes + 1 + offset)
                .Select(at => new MinuteCount(DateTimeOffset.FromUnixTimeSeconds(at * 60), _placed.GetValueOrDefault(at)))]);
    }

    private async Task CountMinutesAsync(long minute, CancellationToken cancellationToken)
    {
        var from = Math.Max(_open, minute - Minutes + 1);
        var since = DateTimeOffset.FromUnixTimeSeconds(from * 60);
        var counted = new Dictionary<long, int>();
        await using var command = database.CreateCommand();
        command.CommandText = PlacedByMinute;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = FirstIdOf(since.AddMinutes(-1)) });
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = since });
        await using (var rows = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await rows.ReadAsync(cancellationToken))
            {
                counted.Add(rows.GetInt64(0), rows.GetInt32(1));
            }
        }

        foreach (var old in _placed.Keys.Where(at => at >= from || at <= minute - Minutes).ToList())
        {
            _placed.Remove(old);
        }

        foreach (var (at, count) in counted)
        {
            _placed.Add(at, count);
        }

        _open = minute - OpenMinutes + 1;
    }

    /// <summary>What every UUIDv7 of an instant or later is not below of.</summary>
    private static Guid FirstIdOf(DateTimeOffset at)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        BinaryPrimitives.WriteInt64BigEndian(bytes, at.ToUnixTimeMilliseconds() << 16);
        return new Guid(bytes, bigEndian: true);
    }
}
