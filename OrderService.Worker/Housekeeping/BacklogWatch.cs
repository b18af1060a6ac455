using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;
using OrderService.Worker.Outbox;

namespace OrderService.Worker.Housekeeping;

/// <summary>
/// Counts what waits in the database, for the metrics: one worker for all, and none as long as nobody collects them. What was seen too long
/// ago is told no more.
/// </summary>
internal sealed class BacklogWatch : PeriodicJob
{
    /// <summary>How many looks may fail before the last sight is too old to be told.</summary>
    private const int MissedLooks = 3;

    private readonly IServiceScopeFactory _scopes;
    private readonly FirstShard _firstShard;
    private readonly TimeSpan _interval;
    private readonly IReadOnlyList<Instrument> _instruments;
    private volatile Sight? _last;

    public BacklogWatch(
        IServiceScopeFactory scopes,
        FirstShard firstShard,
        IOptions<HousekeepingOptions> options,
        TimeProvider time,
        ILogger<BacklogWatch> logger)
        : base(options.Value.BacklogInterval, time, logger)
    {
        (_scopes, _firstShard, _interval) = (scopes, firstShard, options.Value.BacklogInterval);
        _instruments = OrderTelemetry.ObserveBacklog(Last, time);
    }

    /// <inheritdoc />
    protected internal override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        if (_firstShard.IsOurs && _instruments.Any(instrument => instrument.Enabled))
        {
            await using var scope = _scopes.CreateAsyncScope();
            var seen = Time.GetTimestamp();
            _last = new(await Backlog.ReadAsync(scope.ServiceProvider.GetRequiredService<OrdersDbContext>(), cancellationToken), seen);
        }

        return false;
    }

    private Backlog? Last() =>
        _firstShard.IsOurs && _last is { } last && Time.GetElapsedTime(last.At) <= (MissedLooks + 1) * _interval ? last.Backlog : null;

    private sealed record Sight(Backlog Backlog, long At);
}
