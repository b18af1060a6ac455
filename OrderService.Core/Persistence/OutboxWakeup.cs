using System.Threading.Channels;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderService.Core.Messaging;

namespace OrderService.Core.Persistence;

/// <summary>
/// Wakes the relays when rows were committed to the outbox. The NOTIFY is sent after the commit and once for many commits, because
/// one inside the transaction makes PostgreSQL commit one at a time. One that gets lost costs a relay's poll interval, no row.
/// </summary>
public sealed partial class OutboxWakeup(NpgsqlDataSource database, ILogger<OutboxWakeup> logger) : BackgroundService, ISaveChangesInterceptor
{
    /// <summary>The channel on which relays listen.</summary>
    public const string ChannelName = "outbox";

    private readonly Channel<bool> _committed = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <summary>Wakes the relays for rows that were changed by other means than a save.</summary>
    public void Wake() => _committed.Writer.TryWrite(true);

    /// <inheritdoc />
    public ValueTask<int> SavedChangesAsync(SaveChangesCompletedEventData eventData, int result, CancellationToken cancellationToken = default)
    {
        if (eventData.Context is OrdersDbContext context && context.ChangeTracker.Entries<OutboxMessage>().Any())
        {
            Wake();
        }

        return ValueTask.FromResult(result);
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var _ in _committed.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await using var notify = database.CreateCommand($"NOTIFY {ChannelName}");
                await notify.ExecuteNonQueryAsync(stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotNotified(logger, e.Message);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The relays were not woken and will find the rows at their next poll: {Reason}")]
    private static partial void LogNotNotified(ILogger logger, string reason);
}
