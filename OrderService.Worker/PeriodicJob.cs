using OrderService.Core.Persistence;

namespace OrderService.Worker;

/// <summary>Work that is looked for every <paramref name="interval"/>. A look that fails is logged, and the next one comes as ever.</summary>
internal abstract partial class PeriodicJob(TimeSpan interval, TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>The clock.</summary>
    protected TimeProvider Time { get; } = time;

    /// <summary>One look. Returns whether there may be more to do at once.</summary>
    protected internal abstract Task<bool> RunOnceAsync(CancellationToken cancellationToken);

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await RunOnceAsync(stoppingToken))
                {
                }
            }
            catch (Exception e) when (DatabaseFailure.IsAway(e))
            {
                LogDatabaseAway(logger, GetType().Name, e.Message);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                LogFailed(logger, GetType().Name, e);
            }
        }
    }

    [LoggerMessage(EventId = 3203, EventName = "JobWaitsForDatabase", Level = LogLevel.Warning, Message = "{Job}: the database is away, and the next look comes as ever: {Reason}")]
    private static partial void LogDatabaseAway(ILogger logger, string job, string reason);

    [LoggerMessage(EventId = 3204, EventName = "JobFailed", Level = LogLevel.Error, Message = "{Job} failed, and the next look comes as ever")]
    private static partial void LogFailed(ILogger logger, string job, Exception exception);
}
