using Npgsql;
using NpgsqlTypes;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Outbox;

/// <summary>
/// Sends the rows of one outbox channel, at least once and in order per order. A row is deleted after the other side has acknowledged
/// it. An order's next message leaves when its last one is acknowledged; one that fails or takes long holds up its own order only.
/// The session that reads and deletes also holds the shards, so a relay that lost them can't delete.
/// </summary>
internal sealed partial class OutboxRelay(
    IOutboxSender sender,
    RelayOptions options,
    [FromKeyedServices(OrdersDatabase.Sessions)] NpgsqlDataSource sessions,
    TimeProvider time,
    ILogger<OutboxRelay> logger) : BackgroundService
{
    /// <summary>How long a batch is waited for before its slow orders are left to themselves and the next one is read.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly Backoff<Guid> _heldUp = new(options.MinBackoff, options.MaxBackoff, time);
    private readonly Dictionary<Guid, Task<SentOrder>> _onTheirWay = [];
    private readonly SemaphoreSlim _places = new(sender.Concurrency);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff<OutboxChannel>(options.MinBackoff, options.MaxBackoff, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RelayAsync(() => backoff.Forget(sender.Channel), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                var wait = backoff.Fail(sender.Channel);
                LogInterrupted(logger, sender.Channel, wait.TotalSeconds, e.Message, e);
                await Task.Delay(wait, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RelayAsync(Action alive, CancellationToken cancellationToken)
    {
        await using var session = await sessions.OpenConnectionAsync(cancellationToken);
        var woken = false;
        session.Notification += (_, _) => woken = true;
        await using (var listen = new NpgsqlCommand(
            $"SET idle_session_timeout = {(long)options.SessionTimeout.TotalMilliseconds}; LISTEN {OutboxWakeup.ChannelName}", session))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        var lease = new ShardLease(session, sender.Channel);
        await lease.JoinAsync(cancellationToken);
        var balanced = long.MinValue;
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (balanced == long.MinValue || time.GetElapsedTime(balanced) >= options.BalanceInterval)
                {
                    await lease.BalanceAsync([.. _onTheirWay.Keys.Select(OutboxMessage.ShardOf)], cancellationToken);
                    balanced = time.GetTimestamp();
                }

                woken = false;
                var heldUp = _heldUp.Waiting();
                Guid[] notNow = [.. heldUp, .. _onTheirWay.Keys];
                if (notNow.Length >= options.BatchSize)
                {
                    // So many can't be the fault of the orders: the other side is away, and more rows would only fail as well.
                    await WaitAsync(session, cancellationToken);
                    continue;
                }

                var rows = await ReadAsync(session, lease.Owned, notNow, cancellationToken);
                alive();
                if (rows.Count > 0)
                {
                    foreach (var order in rows.GroupBy(row => row.OrderId))
                    {
                        _onTheirWay.Add(order.Key, SendOrderAsync(order, cancellationToken));
                    }

                    await SettleAsync(session);
                    continue;
                }

                _heldUp.ForgetAllBut(notNow);
                if (!woken)
                {
                    await WaitAsync(session, cancellationToken);
                }
            }
        }
        finally
        {
            // Whatever comes next reads from the start, so nothing of this session may be on its way then.
            await Task.WhenAll(_onTheirWay.Values);
            _onTheirWay.Clear();
        }
    }

    /// <summary>Waits for something to do: a notification, the end of a failed order's wait, or a slow order.</summary>
    private async Task WaitAsync(NpgsqlConnection session, CancellationToken cancellationToken)
    {
        if (_onTheirWay.Count == 0)
        {
            await session.WaitAsync(_heldUp.NextWait(options.PollInterval), cancellationToken);
        }
        else
        {
            await SettleAsync(session);
        }
    }

    /// <summary>Gives what is on its way a moment, and takes away the rows of what came back. What is slow stays for a later time.</summary>
    private async Task SettleAsync(NpgsqlConnection session)
    {
        Task all = Task.WhenAll(_onTheirWay.Values);
        await all.WaitAsync(Patience, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var back = _onTheirWay.Where(order => order.Value.IsCompleted).ToList();
        var orders = await Task.WhenAll(back.Select(order => order.Value));

        // What was acknowledged goes away even if the worker is about to stop: it would only be sent again.
        await DeleteAsync(session, [.. orders.SelectMany(order => order.Sent)]);
        foreach (var (row, error) in orders.Select(order => order.Refused).OfType<(OutboxRow, string)>())
        {
            await ParkAsync(session, row, error);
        }

        foreach (var (order, _) in back)
        {
            _onTheirWay.Remove(order);
        }
    }

    private async Task<List<OutboxRow>> ReadAsync(NpgsqlConnection session, short[] shards, Guid[] heldUp, CancellationToken cancellationToken)
    {
        await using var read = new NpgsqlCommand(
            """
            SELECT position, id, order_id, sequence, type, payload, trace_parent, trace_state, occurred_at
            FROM outbox_messages AS message
            WHERE channel = $1 AND shard = ANY ($2) AND order_id <> ALL ($3)
              AND NOT EXISTS (
                  SELECT FROM outbox_messages AS parked
                  WHERE parked.parked_at IS NOT NULL AND parked.order_id = message.order_id AND parked.channel = message.channel)
            ORDER BY position
            LIMIT $4
            """,
            session);
        read.Parameters.Add(new() { Value = ChannelName });
        read.Parameters.Add(new() { Value = shards, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint });
        read.Parameters.Add(new() { Value = heldUp, NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        read.Parameters.Add(new() { Value = options.BatchSize });

        var rows = new List<OutboxRow>();
        await using var reader = await read.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new OutboxRow(
                reader.GetInt64(0),
                reader.GetGuid(1),
                reader.GetGuid(2),
                reader.GetInt32(3),
                reader.GetString(4),
                reader.GetString(5),
                reader.IsDBNull(6) ? null : reader.GetString(6),
                reader.IsDBNull(7) ? null : reader.GetString(7),
                reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return rows;
    }

    private async Task<SentOrder> SendOrderAsync(IEnumerable<OutboxRow> rows, CancellationToken cancellationToken)
    {
        var sent = new List<long>();
        var next = rows.First();
        await _places.WaitAsync(CancellationToken.None);
        try
        {
            foreach (var row in rows)
            {
                next = row;
                await sender.SendAsync(row, cancellationToken);
                sent.Add(row.Position);
                OrderTelemetry.OutboxSent.Add(1, new KeyValuePair<string, object?>("outbox.channel", ChannelName));
                OrderTelemetry.OutboxLag.Record((time.GetUtcNow() - row.OccurredAt).TotalSeconds);
            }

            _heldUp.Forget(next.OrderId);
        }
        catch (UnsendableException e)
        {
            return new(sent, (next, e.Message));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
        catch (Exception e)
        {
            // Whatever the cause, the order's row stays and is tried again; the log has the cause.
            var wait = _heldUp.Fail(next.OrderId);
            LogHeldUp(logger, sender.Channel, next.OrderId, e.Message, wait.TotalSeconds, e);
        }
        finally
        {
            _places.Release();
        }

        return new(sent, null);
    }

    private static async Task DeleteAsync(NpgsqlConnection session, long[] positions)
    {
        if (positions.Length == 0)
        {
            return;
        }

        await using var delete = new NpgsqlCommand("DELETE FROM outbox_messages WHERE position = ANY ($1)", session);
        delete.Parameters.Add(new() { Value = positions });
        await delete.ExecuteNonQueryAsync(CancellationToken.None);
    }

    private async Task ParkAsync(NpgsqlConnection session, OutboxRow row, string error)
    {
        await using var park = new NpgsqlCommand("UPDATE outbox_messages SET parked_at = $2, error = $3 WHERE position = $1", session);
        park.Parameters.Add(new() { Value = row.Position });
        park.Parameters.Add(new() { Value = time.Now() });
        park.Parameters.Add(new() { Value = error.Replace('\0', '\uFFFD') });
        await park.ExecuteNonQueryAsync(CancellationToken.None);
        OrderTelemetry.MessagesParked.Add(1, new KeyValuePair<string, object?>("parked.direction", "outbound"));
        LogParked(logger, row.Type, row.Id, row.OrderId, error);
    }

    /// <summary>What became of an order's rows: the positions of those sent, and the one that was refused for good.</summary>
    private sealed record SentOrder(IReadOnlyList<long> Sent, (OutboxRow, string)? Refused);

    private string ChannelName => sender.Channel switch
    {
        OutboxChannel.Events => "EVENTS",
        OutboxChannel.Reservations => "RESERVATIONS",
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "The relay of {Channel} was interrupted and goes on in {Wait} s: {Reason}")]
    private static partial void LogInterrupted(ILogger logger, OutboxChannel channel, double wait, string reason, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Channel} of order {OrderId} wait {Wait} s for their next try: {Reason}")]
    private static partial void LogHeldUp(ILogger logger, OutboxChannel channel, Guid orderId, string reason, double wait, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Parked {Type} {Id} of order {OrderId}, and what the order owes after it waits: {Error}")]
    private static partial void LogParked(ILogger logger, string type, Guid id, Guid orderId, string error);
}
