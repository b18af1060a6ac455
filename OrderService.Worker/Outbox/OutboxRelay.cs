using System.Diagnostics.CodeAnalysis;
using Npgsql;
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
    FirstShard firstShard,
    [FromKeyedServices(OrdersDatabase.Sessions)] NpgsqlDataSource sessions,
    TimeProvider time,
    ILogger<OutboxRelay> logger) : BackgroundService
{
    /// <summary>
    /// From one look to the next, when the last one found less than a batch: so that rows which are committed one by one are read a few at
    /// a time. Most of what a look costs, here, in PostgreSQL and at the broker, it costs for one row as for ten.
    /// </summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(10);

    /// <summary>How long a batch is waited for before its slow orders are left to themselves and the next one is read.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);

    private readonly IOutboxSender _sender = sender;
    private readonly TimeProvider _time = time;
    private readonly KeyValuePair<string, object?> _channel = new("outbox.channel", UpperCase.NameOf(sender.Channel));
    private readonly Backoff<Guid> _heldUp = new(options.MinBackoff, options.MaxBackoff, time);
    private readonly Dictionary<Guid, OrderOnItsWay> _onTheirWay = [];
    private readonly Arrivals<OrderOnItsWay> _back = new();
    private readonly List<long> _sent = [];

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var backoff = new Backoff<OutboxChannel>(options.MinBackoff, options.MaxBackoff, _time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RelayAsync(() => backoff.Forget(_sender.Channel), stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                var wait = backoff.Fail(_sender.Channel);
                LogInterrupted(logger, _sender.Channel, wait.TotalSeconds, e.Message, e);
                await Task.Delay(wait, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [SuppressMessage("Security", "CA2100", Justification = "A number and a name of ours; SET and LISTEN take no parameters.")]
    private async Task RelayAsync(Action alive, CancellationToken cancellationToken)
    {
        await using var session = await sessions.OpenConnectionAsync(cancellationToken);
        var woken = false;
        session.Notification += (_, told) => woken |= OutboxWakeup.IsFor(told.Payload, _sender.Channel);
        await using (var listen = new NpgsqlCommand(
            $"SET idle_session_timeout = {(long)options.SessionTimeout.TotalMilliseconds}; LISTEN {OutboxWakeup.ChannelName}", session))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var table = await OutboxTable.PrepareAsync(session, _sender.Channel, _sender.Conclusion, options.BatchSize, cancellationToken);
        var lease = new ShardLease(session, _sender.Channel);
        var floor = new ReadFloor(session, UpperCase.NameOf(_sender.Channel));
        await lease.JoinAsync(cancellationToken);
        var balanced = long.MinValue;
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (balanced == long.MinValue || _time.GetElapsedTime(balanced) >= options.BalanceInterval)
                {
                    // A shard is given away only when nothing of it is on its way, nor acknowledged and still there.
                    await SettleAsync(table, atMost: 0, Patience);
                    await DeleteAsync(table);
                    await lease.BalanceAsync([.. _onTheirWay.Keys.Select(OutboxMessage.ShardOf)], cancellationToken);
                    firstShard.Note(_sender.Channel, lease.Owned);
                    await floor.RaiseAsync(lease.Owned, cancellationToken);
                    balanced = _time.GetTimestamp();
                }

                woken = false;
                Guid[] notNow = [.. _heldUp.Waiting(), .. _onTheirWay.Keys];

                // More can't be the fault of the orders: the other side is away, and further rows would only fail as well.
                var mayRead = notNow.Length < 2 * options.BatchSize;
                List<OutboxRow> rows = [];
                if (mayRead && lease.Owned is { Length: > 0 } shards)
                {
                    rows = await ExchangeAsync(table, shards, notNow, floor.Position);
                }
                else
                {
                    await DeleteAsync(table);
                }

                alive();
                var looked = _time.GetTimestamp();
                Send(rows, cancellationToken);
                if (rows.Count == options.BatchSize)
                {
                    // There is more: it is read while the last batch is still on its way.
                    await SettleAsync(table, options.BatchSize, Patience);
                }
                else if (_onTheirWay.Count > 0)
                {
                    if (await SettleAsync(table, atMost: 0, Gathering) == 0 && !woken)
                    {
                        await WaitAsync(session, Patience, () => woken, cancellationToken);
                        await SettleAsync(table, _onTheirWay.Count, Patience);
                    }
                    else if (Gathering - _time.GetElapsedTime(looked) is var left && left > TimeSpan.Zero)
                    {
                        await Task.Delay(left, _time, cancellationToken);
                    }
                }
                else if (rows.Count == 0 && !woken)
                {
                    if (mayRead)
                    {
                        _heldUp.ForgetAllBut(notNow);
                    }

                    await WaitAsync(session, _heldUp.NextWait(options.PollInterval), () => woken, cancellationToken);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // What was acknowledged goes away even though the worker stops: it would only be sent again.
            await SettleAsync(table, atMost: 0, Patience);
            await DeleteAsync(table);
            throw;
        }
        finally
        {
            firstShard.Note(_sender.Channel, owned: []);

            // Whatever comes next reads from the start, so nothing of this session may be on its way then.
            await _back.WaitForAsync(_onTheirWay.Count).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            _back.Take();
            _onTheirWay.Clear();
            _sent.Clear();
        }
    }

    /// <summary>Waits until this relay is woken, or something that is on its way is back, but no longer than told.</summary>
    private async Task WaitAsync(NpgsqlConnection session, TimeSpan longest, Func<bool> isWoken, CancellationToken cancellationToken)
    {
        using var enough = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var waiting = WaitToBeWokenAsync(session, longest, isWoken, enough.Token);
        await Task.WhenAny(waiting, _back.WaitForAsync(1));
        await enough.CancelAsync();
        await waiting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WaitToBeWokenAsync(NpgsqlConnection session, TimeSpan longest, Func<bool> isWoken, CancellationToken cancellationToken)
    {
        // Notifications for other relays end the session's wait as well. In whole milliseconds and never none, see Backoff.NextWait.
        var started = _time.GetTimestamp();
        while (!isWoken() && longest - _time.GetElapsedTime(started) is var left && left > TimeSpan.Zero)
        {
            await session.WaitAsync(TimeSpan.FromMilliseconds(Math.Ceiling(left.TotalMilliseconds)), cancellationToken);
        }
    }

    private async Task<List<OutboxRow>> ExchangeAsync(OutboxTable table, short[] shards, Guid[] notNow, long floor)
    {
        var rows = await table.ExchangeAsync([.. _sent], shards, notNow, floor);
        _sent.Clear();
        return rows;
    }

    private async Task DeleteAsync(OutboxTable table)
    {
        if (_sent.Count > 0)
        {
            await table.DeleteAsync([.. _sent]);
            _sent.Clear();
        }
    }

    private void Send(List<OutboxRow> rows, CancellationToken cancellationToken)
    {
        var orders = new List<OrderOnItsWay>(rows.Count);
        foreach (var row in rows)
        {
            if (_onTheirWay.TryGetValue(row.OrderId, out var order))
            {
                order.Append(row);
            }
            else
            {
                order = new OrderOnItsWay(this, row, cancellationToken);
                _onTheirWay.Add(row.OrderId, order);
                orders.Add(order);
            }
        }

        orders.ForEach(order => order.SendNext());
    }

    /// <summary>
    /// Gives what is on its way a moment, until at most so many orders are left, and notes what became of those that came back. What is
    /// slow stays for a later time. Returns how many came back.
    /// </summary>
    private async Task<int> SettleAsync(OutboxTable table, int atMost, TimeSpan patience)
    {
        if (_onTheirWay.Count > atMost)
        {
            await _back.WaitForAsync(_onTheirWay.Count - atMost).WaitAsync(patience, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        var back = _back.Take();
        var sentBefore = _sent.Count;
        var failed = new List<OrderOnItsWay>();
        foreach (var order in back)
        {
            _onTheirWay.Remove(order.Id);
            order.AddSentTo(_sent);
            if (order.Failure is null)
            {
                _heldUp.Forget(order.Id);
            }
            else
            {
                failed.Add(order);
            }
        }

        OrderTelemetry.OutboxSent.Add(_sent.Count - sentBefore, _channel);
        await HoldUpAsync(table, failed);
        return back.Count;
    }

    private async Task HoldUpAsync(OutboxTable table, List<OrderOnItsWay> failed)
    {
        foreach (var order in failed)
        {
            if (order.Failure is UnsendableException)
            {
                await ParkAsync(table, order.Next, order.Failure.Message);
            }
            else if (!order.WasStopped)
            {
                // Whatever the cause, the order's row stays and is tried again; the log has the cause.
                var wait = _heldUp.Fail(order.Id);
                LogHeldUp(logger, _sender.Channel, order.Id, order.Failure!.Message, wait.TotalSeconds, order.Failure);
            }
        }
    }

    private async Task ParkAsync(OutboxTable table, OutboxRow row, string error)
    {
        if (!await table.ParkAsync(row.Position, _time.Now(), error))
        {
            LogNeedless(logger, row.Type, row.Id, row.OrderId, error);
            return;
        }

        OrderTelemetry.MessagesParked.Add(1, new KeyValuePair<string, object?>("parked.direction", "outbound"));
        LogParked(logger, row.Type, row.Id, row.OrderId, error);
    }

    /// <summary>The rows of an order that were read together; they leave one after the other, each when the last one is acknowledged.</summary>
    private sealed class OrderOnItsWay(OutboxRelay relay, OutboxRow first, CancellationToken stop) : IDelivery
    {
        private readonly List<OutboxRow> _rows = [first];
        private int _sent;

        public Guid Id => first.OrderId;

        /// <summary>The row that is on its way, or failed.</summary>
        public OutboxRow Next => _rows[_sent];

        public Exception? Failure { get; private set; }

        /// <summary>Whether it only ended because the worker does.</summary>
        public bool WasStopped => Failure is OperationCanceledException && stop.IsCancellationRequested;

        /// <summary>Adds a row, before any is sent.</summary>
        public void Append(OutboxRow row) => _rows.Add(row);

        /// <summary>Tells the positions of what was acknowledged.</summary>
        public void AddSentTo(List<long> positions)
        {
            for (var i = 0; i < _sent; i++)
            {
                positions.Add(_rows[i].Position);
            }
        }

        public void SendNext()
        {
            try
            {
                stop.ThrowIfCancellationRequested();
                relay._sender.Send(Next, this, stop);
            }
            catch (Exception e)
            {
                Fail(e);
            }
        }

        public void Acknowledge()
        {
            if (OrderTelemetry.OutboxDelivery.Enabled)
            {
                OrderTelemetry.OutboxDelivery.Record((relay._time.GetUtcNow() - Next.OccurredAt).TotalSeconds, relay._channel);
            }

            if (++_sent < _rows.Count)
            {
                SendNext();
            }
            else
            {
                relay._back.Add(this);
            }
        }

        public void Fail(Exception failure)
        {
            Failure = failure;
            relay._back.Add(this);
        }
    }

    [LoggerMessage(EventId = 3001, EventName = "RelayInterrupted", Level = LogLevel.Warning, Message = "The relay of {Channel} was interrupted and goes on in {Wait} s: {Reason}")]
    private static partial void LogInterrupted(ILogger logger, OutboxChannel channel, double wait, string reason, Exception exception);

    [LoggerMessage(EventId = 3002, EventName = "OrderHeldUp", Level = LogLevel.Warning, Message = "{Channel} of order {OrderId} wait {Wait} s for their next try: {Reason}")]
    private static partial void LogHeldUp(ILogger logger, OutboxChannel channel, Guid orderId, string reason, double wait, Exception exception);

    [LoggerMessage(EventId = 3005, EventName = "OutboundNeedless", Level = LogLevel.Information, Message = "{Type} {Id} of order {OrderId} was refused and is needless, by what follows it: {Error}")]
    private static partial void LogNeedless(ILogger logger, string type, Guid id, Guid orderId, string error);

    [LoggerMessage(EventId = 3003, EventName = "OutboundParked", Level = LogLevel.Error, Message = "Parked {Type} {Id} of order {OrderId}, and what the order owes after it waits: {Error}")]
    private static partial void LogParked(ILogger logger, string type, Guid id, Guid orderId, string error);
}
