using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Threading.Channels;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Settings of live tracking, section <c>Tracking</c>.</summary>
internal sealed class TrackingOptions
{
    public const string Section = "Tracking";

    /// <summary>How often a stream without news shows that it is still there.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often this replica looks at all orders that are followed here, whatever it was or was not notified of.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(5);
}

/// <summary>A client of this replica that follows an order. Disposed of when it is gone.</summary>
internal sealed class OrderListener(OrderTracker tracker, Guid orderId, int beat) : IDisposable
{
    /// <summary>
    /// What may wait for a client that reads slower than things happen. With more its stream ends; it comes back and goes on after
    /// what it has read.
    /// </summary>
    private const int Backlog = 64;

    private readonly Channel<OrderTransition?> _news = Channel.CreateBounded<OrderTransition?>(new BoundedChannelOptions(Backlog) { SingleReader = true });

    /// <summary>The order.</summary>
    public Guid OrderId => orderId;

    /// <summary>At which of the beats of <see cref="OrderTracker"/> it gets its heartbeat.</summary>
    public int Beat => beat;

    /// <summary>The sequence up to which the client has the transitions or has them waiting. The tracker's lock guards it.</summary>
    public int Last { get; set; }

    /// <summary>Transitions in ascending order, some perhaps once more; <c>null</c> is a heartbeat. Ends when the stream is to end.</summary>
    public ChannelReader<OrderTransition?> News => _news.Reader;

    /// <summary>Lets a transition wait for the client.</summary>
    public void Tell(OrderTransition transition)
    {
        if (transition.Sequence > Last)
        {
            Last = transition.Sequence;
            if (!_news.Writer.TryWrite(transition))
            {
                End();
            }
        }
    }

    /// <summary>Lets a heartbeat wait for the client.</summary>
    public void TellNothing() => _news.Writer.TryWrite(null);

    /// <summary>Ends the stream after what waits already.</summary>
    public void End() => _news.Writer.TryComplete();

    /// <inheritdoc />
    public void Dispose() => tracker.Forget(this);
}

/// <summary>
/// Hands the transitions of orders to the clients of this replica that follow them, whichever process made them: one session listens to
/// <see cref="TransitionNotifier"/> and reads the history of the orders that are followed here. Since a notification can be lost, it
/// looks at all of them after each connect and at an interval as well. A client costs an entry in a dictionary, no task, timer or connection.
/// </summary>
internal sealed partial class OrderTracker(
    [FromKeyedServices(OrdersDatabase.Sessions)] NpgsqlDataSource sessions,
    IOptions<TrackingOptions> options,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<OrderTracker> logger) : BackgroundService
{
    /// <summary>Heartbeats go out in so many portions, not to all clients at once.</summary>
    private const int Beats = 16;

    /// <summary>Transitions of one order read at once, fewer than a client's backlog.</summary>
    private const int BatchSize = 32;

    private readonly Lock _lock = new();
    private readonly Dictionary<Guid, List<OrderListener>> _listeners = [];
    private int _nextBeat;
    private bool _stopping;

    /// <summary>Follows an order. Whether there is such an order is not checked.</summary>
    public OrderListener Listen(Guid orderId)
    {
        lock (_lock)
        {
            var listener = new OrderListener(this, orderId, _nextBeat++ % Beats);
            if (!_listeners.TryGetValue(orderId, out var group))
            {
                _listeners.Add(orderId, group = new(capacity: 1));
            }

            group.Add(listener);
            OrderTelemetry.Listeners.Add(1);
            if (_stopping)
            {
                listener.End();
            }

            return listener;
        }
    }

    /// <summary>The client has the transitions up to this sequence.</summary>
    public void Skip(OrderListener listener, int sequence)
    {
        lock (_lock)
        {
            listener.Last = Math.Max(listener.Last, sequence);
        }
    }

    /// <summary>The client is gone.</summary>
    public void Forget(OrderListener listener)
    {
        lock (_lock)
        {
            if (_listeners.TryGetValue(listener.OrderId, out var group) && group.Remove(listener))
            {
                OrderTelemetry.Listeners.Add(-1);
                if (group.Count == 0)
                {
                    _listeners.Remove(listener.OrderId);
                }
            }
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Before the web server stops, which waits for its responses to end.
        using var end = lifetime.ApplicationStopping.Register(End);
        await Task.WhenAll(BeatAsync(stoppingToken), FollowAsync(stoppingToken));
    }

    private void End()
    {
        lock (_lock)
        {
            _stopping = true;
            foreach (var listener in _listeners.Values.SelectMany(group => group))
            {
                listener.End();
            }
        }
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.Value.Heartbeat / Beats, time);
        for (var beat = 0; await timer.WaitForNextTickAsync(cancellationToken); beat = (beat + 1) % Beats)
        {
            lock (_lock)
            {
                foreach (var listener in _listeners.Values.SelectMany(group => group).Where(listener => listener.Beat == beat))
                {
                    listener.TellNothing();
                }
            }
        }
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await FollowOnceAsync(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whatever the cause, the streams stay and wait for the next try; the log has the cause.
                LogInterrupted(logger, options.Value.PollInterval.TotalSeconds, e.Message, e);
                await Task.Delay(options.Value.PollInterval, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task FollowOnceAsync(CancellationToken cancellationToken)
    {
        await using var session = await sessions.OpenConnectionAsync(cancellationToken);

        // A keepalive may meet a notification on a thread of its own.
        var notified = new ConcurrentQueue<string>();
        session.Notification += (_, notification) => notified.Enqueue(notification.Payload);
        await using (var listen = new NpgsqlCommand($"LISTEN {TransitionNotifier.ChannelName}", session))
        {
            await listen.ExecuteNonQueryAsync(cancellationToken);
        }

        while (true)
        {
            await LookAsync(session, orders: null, cancellationToken);
            var looked = time.GetTimestamp();

            // Npgsql takes a wait of no whole millisecond for one without an end.
            while (options.Value.PollInterval - time.GetElapsedTime(looked) is { TotalMilliseconds: >= 1 } wait)
            {
                if (notified.IsEmpty)
                {
                    await session.WaitAsync(wait, cancellationToken);
                }

                var orders = new HashSet<Guid>();
                while (notified.TryDequeue(out var payload))
                {
                    orders.UnionWith(TransitionNotifier.Read(payload));
                }

                await LookAsync(session, orders, cancellationToken);
            }
        }
    }

    /// <summary>Reads what is new of those orders that are followed here, of all of them if none are named, and hands it out.</summary>
    private async Task LookAsync(NpgsqlConnection session, HashSet<Guid>? orders, CancellationToken cancellationToken)
    {
        var followed = Followed(orders);
        if (followed.Count == 0)
        {
            return;
        }

        // One range of the primary key for each order: joined otherwise, many orders would make PostgreSQL read the whole history.
        await using var read = new NpgsqlCommand(
            """
            SELECT followed.order_id, entry.sequence, entry.from_status, entry.to_status, entry.at, entry.reason, entry.by
            FROM unnest($1, $2) AS followed (order_id, sequence)
            CROSS JOIN LATERAL (
                SELECT * FROM order_history
                WHERE order_id = followed.order_id AND sequence > followed.sequence
                ORDER BY sequence
                LIMIT $3) AS entry
            ORDER BY followed.order_id, entry.sequence
            """,
            session);
        read.Parameters.Add(new() { Value = followed.ConvertAll(order => order.Id) });
        read.Parameters.Add(new() { Value = followed.ConvertAll(order => order.Last) });
        read.Parameters.Add(new() { Value = BatchSize });
        await using var rows = await read.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            Tell(rows.GetGuid(0), new OrderTransition(
                rows.GetInt32(1),
                rows.IsDBNull(2) ? null : StatusOf(rows.GetString(2)),
                StatusOf(rows.GetString(3)),
                rows.GetFieldValue<DateTimeOffset>(4),
                rows.GetString(5),
                rows.GetString(6)));
        }

        static OrderStatus StatusOf(string name) => Enum.Parse<OrderStatus>(name, ignoreCase: true);
    }

    private List<(Guid Id, int Last)> Followed(HashSet<Guid>? orders)
    {
        lock (_lock)
        {
            return orders is null
                ? [.. _listeners.Select(order => (order.Key, LastOf(order.Value)))]
                : [.. orders.Where(_listeners.ContainsKey).Select(order => (order, LastOf(_listeners[order])))];
        }

        static int LastOf(List<OrderListener> group) => group.Min(listener => listener.Last);
    }

    private void Tell(Guid orderId, OrderTransition transition)
    {
        lock (_lock)
        {
            foreach (var listener in _listeners.GetValueOrDefault(orderId, []))
            {
                listener.Tell(transition);
            }
        }
    }

    [LoggerMessage(EventId = 2106, EventName = "TrackingInterrupted", Level = LogLevel.Warning, Message = "Live tracking was interrupted; open streams wait, and it goes on in {Wait} s: {Reason}")]
    private static partial void LogInterrupted(ILogger logger, double wait, string reason, Exception exception);
}
