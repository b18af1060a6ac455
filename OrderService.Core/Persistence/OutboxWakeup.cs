using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderService.Core.Messaging;

namespace OrderService.Core.Persistence;

/// <summary>
/// Wakes the relays when rows were committed to the outbox. The NOTIFY is sent after the commit and once for many commits, because
/// one inside the transaction makes PostgreSQL commit one at a time. One that gets lost costs a relay's poll interval, no row. It names
/// the outbox's channel, so that it wakes only the relays that have something to do.
/// </summary>
public sealed partial class OutboxWakeup(NpgsqlDataSource database, ILogger<OutboxWakeup> logger) : BackgroundService, ISaveChangesInterceptor
{
    /// <summary>The channel on which relays listen.</summary>
    public const string ChannelName = "outbox";

    /// <summary>
    /// Rest after a notification; what is committed meanwhile is told at its end. Each one is a transaction, and a relay that has found
    /// something rests as long before it looks again.
    /// </summary>
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);

    private const int All = (1 << (int)OutboxChannel.Events) | (1 << (int)OutboxChannel.Reservations);

    private readonly Channel<bool> _committed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private int _channels;

    /// <summary>Whether a notification is for the relays of <paramref name="channel"/>: one that names none is for all.</summary>
    public static bool IsFor(string payload, OutboxChannel channel) => payload.Length == 0 || payload == UpperCase.NameOf(channel);

    /// <summary>Wakes all relays, for rows that were changed by other means than a save.</summary>
    public void Wake() => Wake(All);

    /// <summary>Wakes the relays of a channel, for rows that were written by other means than a save.</summary>
    public void Wake(OutboxChannel channel) => Wake(1 << (int)channel);

    /// <inheritdoc />
    public ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is OrdersDbContext context)
        {
            foreach (var row in context.ChangeTracker.Entries<OutboxMessage>())
            {
                Wake(row.Entity.Channel);
            }
        }

        return ValueTask.FromResult(result);
    }

    /// <inheritdoc />
    [SuppressMessage("Security", "CA2100", Justification = "Names of ours; NOTIFY takes no parameters.")]
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _committed.Reader.ReadAllAsync(stoppingToken))
        {
            var channels = Interlocked.Exchange(ref _channels, 0);
            if (channels == 0)
            {
                // Told already, with those before.
                continue;
            }

            try
            {
                await using var notify = database.CreateCommand();
                notify.CommandText = NotificationOf(channels);
                await notify.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotNotified(logger, e.Message);
            }

            await Task.Delay(Rest, stoppingToken);
        }
    }

    private static string NotificationOf(int channels) => channels == All
        ? $"NOTIFY {ChannelName}"
        : $"NOTIFY {ChannelName}, '{UpperCase.NameOf((OutboxChannel)int.Log2(channels))}'";

    private void Wake(int channels)
    {
        Interlocked.Or(ref _channels, channels);
        _committed.Writer.TryWrite(true);
    }

    [LoggerMessage(EventId = 1001, EventName = "RelaysNotWoken", Level = LogLevel.Debug, Message = "The relays were not woken and will find the rows at their next poll: {Reason}")]
    private static partial void LogNotNotified(ILogger logger, string reason);
}
