using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using OrderService.Core.Persistence;

namespace OrderService.Worker;

/// <summary>The run of the worker that brings the database's schema up to date and ends.</summary>
internal static partial class Migrations
{
    /// <summary>Of an advisory lock: "ORDM". The relays' begin with "ORD" as well.</summary>
    private const int LockKey = 0x4F52444D;

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
            await WaitForOthersAsync(database);
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

    /// <summary>
    /// Waits until nobody else migrates; the lock goes with the session, at the end of the process. EF Core's own is given back after each
    /// migration, and whoever gets it then does the next one, which the first one has still before it. A database that is not there yet is
    /// EF Core's to create.
    /// </summary>
    private static async Task WaitForOthersAsync(DatabaseFacade database)
    {
        if (await database.CanConnectAsync())
        {
            await database.OpenConnectionAsync();
            await database.ExecuteSqlAsync($"SELECT pg_advisory_lock({LockKey})");
        }
    }

    [LoggerMessage(EventId = 3301, EventName = "DatabaseMigrated", Level = LogLevel.Information, Message = "The orders database is up to date; migrations applied now: {Applied}")]
    private static partial void LogMigrated(ILogger logger, int applied);

    [LoggerMessage(EventId = 3302, EventName = "MigrationFailed", Level = LogLevel.Critical, Message = "The orders database could not be migrated, so nothing that needs it starts. A migration that fails leaves nothing behind: mend the cause and start again. The cause: {Reason}")]
    private static partial void LogNotMigrated(ILogger logger, string reason);
}
