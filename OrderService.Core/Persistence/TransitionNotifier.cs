using System.Threading.Channels;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrderService.Core.Persistence;

/// <summary>
/// Tells every replica of the API which orders made a step, for clients that follow them. Like <see cref="OutboxWakeup"/> it notifies
/// after the commit and once for many. A new order is not told: nobody follows it yet. What gets lost is found by the replicas' own looks.
/// </summary>
public sealed partial class TransitionNotifier(NpgsqlDataSource database, ILogger<TransitionNotifier> logger) : BackgroundService, ISaveChangesInterceptor
{
    /// <summary>The channel on which the replicas listen.</summary>
    public const string ChannelName = "order_transitions";

    /// <summary>Orders in one notification: 33 bytes each, of the less than 8,000 that PostgreSQL takes.</summary>
    public const int BatchSize = 200;

    /// <summary>Orders that may wait for a notification. More than that are not told.</summary>
    private const int Backlog = 50 * BatchSize;

    private const char Separator = ',';
    private const string IdFormat = "N";

    private readonly Channel<Guid> _moved = Channel.CreateBounded<Guid>(
        new BoundedChannelOptions(Backlog) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>The payload that tells of these orders.</summary>
    public static string Write(IEnumerable<Guid> orders) => string.Join(Separator, orders.Select(order => order.ToString(IdFormat)));

    /// <summary>The orders of a payload. What is no id there is left out, since anyone with a session may notify.</summary>
    public static IEnumerable<Guid> Read(string payload)
    {
        foreach (var text in payload.Split(Separator))
        {
            if (Guid.TryParseExact(text, IdFormat, out var order))
            {
                yield return order;
            }
        }
    }

    /// <inheritdoc />
    public ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is OrdersDbContext context)
        {
            foreach (var step in context.Transitions.Where(transition => transition.From is not null))
            {
                _moved.Writer.TryWrite(step.OrderId);
            }
        }

        return ValueTask.FromResult(result);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var orders = new HashSet<Guid>(BatchSize);
        while (await _moved.Reader.WaitToReadAsync(stoppingToken))
        {
            while (orders.Count < BatchSize && _moved.Reader.TryRead(out var order))
            {
                orders.Add(order);
            }

            try
            {
                await using var notify = database.CreateCommand();
                notify.CommandText = "SELECT pg_notify($1, $2)";
                notify.Parameters.Add(new() { Value = ChannelName });
                notify.Parameters.Add(new() { Value = Write(orders) });
                await notify.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotNotified(logger, orders.Count, e.Message);
            }

            orders.Clear();
        }
    }

    [LoggerMessage(EventId = 1002, EventName = "FollowersNotTold", Level = LogLevel.Debug, Message = "Steps of {Orders} orders were not told and will be found by the next look at all followed orders: {Reason}")]
    private static partial void LogNotNotified(ILogger logger, int orders, string reason);
}
