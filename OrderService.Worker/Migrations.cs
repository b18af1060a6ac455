using Microsoft.EntityFrameworkCore;
using OrderService.Core.Persistence;

namespace OrderService.Worker;

/// <summary>The run of the worker that brings the database's schema up to date and ends.</summary>
internal static partial class Migrations
{
    /// <summary>Applies what is missing. The exit code: 0 done, 1 not done, and the log says why.</summary>
    public static async Task<int> RunAsync(WebApplicationBuilder builder)
    {
        await using var app = builder.Build();
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(Migrations));
        await using var scope = app.Services.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrdersDbContext>().Database;
        try
        {
            // An index of a large table takes as long as it takes.
            database.SetCommandTimeout(0);
            var pending = (await database.GetPendingMigrationsAsync()).ToList();
            await database.MigrateAsync();
            LogMigrated(logger, pending.Count);
            return 0;
        }
        catch (Exception e) when (e is System.Data.Common.DbException or InvalidOperationException or TimeoutException)
        {
            LogNotMigrated(logger, e.Message);
            return 1;
        }
    }

    [LoggerMessage(EventId = 3301, EventName = "DatabaseMigrated", Level = LogLevel.Information, Message = "The orders database is up to date; migrations applied now: {Applied}")]
    private static partial void LogMigrated(ILogger logger, int applied);

    [LoggerMessage(EventId = 3302, EventName = "MigrationFailed", Level = LogLevel.Critical, Message = "The orders database could not be migrated, so nothing that needs it starts. A migration that fails leaves nothing behind: mend the cause and start again. The cause: {Reason}")]
    private static partial void LogNotMigrated(ILogger logger, string reason);
}
