using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace OrderService.Core.Persistence;

/// <summary>Registers the orders database.</summary>
public static class OrdersDatabase
{
    /// <summary>Unique: a checkout of a cart becomes at most one order.</summary>
    public const string CheckoutIndex = "ux_orders_checkout_id";

    /// <summary>Unique: an event is handled once per consumer.</summary>
    public const string InboxKey = "pk_inbox_messages";

    /// <summary>Unique: a message is put aside once.</summary>
    public const string ParkedKey = "pk_parked_messages";

    /// <summary>Unique: an order makes one step at a time.</summary>
    public const string HistoryKey = "pk_order_history";

    /// <summary>Unique: a key is used once per user and route.</summary>
    public const string IdempotencyKey = "pk_idempotency_keys";

    /// <summary>
    /// Key of the <see cref="NpgsqlDataSource"/> for sessions that own something, advisory locks for instance: what they own is free as
    /// soon as they are closed, which a pool would put off until the connection's next use.
    /// </summary>
    public const string Sessions = "sessions";

    /// <summary>How often such a session shows that its process still runs.</summary>
    public static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Of our sessions: one that stands still inside a transaction, its process frozen for instance, loses it and with it the locks
    /// that others wait for.
    /// </summary>
    private const string SessionDefaults = "-c idle_in_transaction_session_timeout=10s";

    /// <summary>
    /// Connections of a process: enough for commits to share their flush to disk, and not so many that they only wait for processors.
    /// </summary>
    private const int PoolSize = 32;

    /// <summary>How long a request waits for a connection, and then for a statement: who waited longer asks again, and gets a 503 for it.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Statements that a pooled connection keeps prepared.</summary>
    private const int PreparedStatements = 64;

    /// <summary>
    /// Adds <see cref="OrdersDbContext"/> and, for what EF Core has no words for (LISTEN, advisory locks), the
    /// <see cref="NpgsqlDataSource"/> whose connections it uses. Commands that belong to no recorded trace, such as a relay's looks at an
    /// empty outbox and those of health checks, leave no spans.
    /// </summary>
    /// <exception cref="InvalidOperationException">There is no such connection string.</exception>
    public static void AddOrdersDatabase(this IHostApplicationBuilder builder, string connectionName)
    {
        var connectionString = builder.Configuration.GetConnectionString(connectionName)
            ?? throw new InvalidOperationException(
                $"The connection string '{connectionName}' is missing: set ConnectionStrings__{connectionName}, or start through OrderService.AppHost.");

        // No retries below a save: whether a commit that was cut off took effect is for the use case to find out.
        builder.AddNpgsqlDbContext<OrdersDbContext>(
            connectionName,
            settings => (settings.DisableRetry, settings.DisableHealthChecks) = (true, true),
            options => options.ConfigureWarnings(warnings => warnings
                .Ignore(RelationalEventId.PendingModelChangesWarning)
                // Failures are exceptions too, and many are expected: a unique violation is how a race ends.
                .Log((CoreEventId.SaveChangesFailed, LogLevel.Debug), (RelationalEventId.CommandError, LogLevel.Debug))));
        builder.Services.AddSingleton(_ => CreateDataSource(Pooled(connectionString)));

        // Not the context's own: a start would wait until EF Core has built its model, which few requests need.
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            connectionName, services => new Check(services.GetRequiredService<NpgsqlDataSource>()), failureStatus: null, tags: null));
        builder.Services.AddKeyedSingleton(
            Sessions, (_, _) => CreateDataSource(new(connectionString) { Pooling = false, KeepAlive = (int)SignOfLife.TotalSeconds }));
        builder.Services.AddSingleton<NewOrders>();
        builder.Services.AddSingleton<OutboxWakeup>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OutboxWakeup>());
        builder.Services.AddSingleton<TransitionNotifier>();
        builder.Services.AddHostedService(services => services.GetRequiredService<TransitionNotifier>());
        builder.Services.ConfigureDbContext<OrdersDbContext>((services, options) => options
            .UseNpgsql(services.GetRequiredService<NpgsqlDataSource>())
            .AddInterceptors(FailedCommands.Discarded, services.GetRequiredService<OutboxWakeup>(), services.GetRequiredService<TransitionNotifier>()));
    }

    /// <summary>What a connection string leaves open is set as measured (docs/performance.md).</summary>
    private static NpgsqlConnectionStringBuilder Pooled(string connectionString)
    {
        var pooled = new NpgsqlConnectionStringBuilder(connectionString);
        pooled.Options = $"{SessionDefaults} {pooled.Options}".TrimEnd();
        Default("Maximum Pool Size", PoolSize);
        Default("Timeout", (int)Patience.TotalSeconds);
        Default("Command Timeout", (int)Patience.TotalSeconds);

        // Nobody sets anything in a pooled session that the next one would have to be kept from: what a session owns has its own source.
        Default("No Reset On Close", true);

        // Our statements are few and come again: PostgreSQL need not read and plan each one anew.
        if (!pooled.ShouldSerialize("Max Auto Prepare"))
        {
            pooled.MaxAutoPrepare = PreparedStatements;
            pooled.AutoPrepareMinUsages = 2;
        }

        return pooled;

        void Default(string keyword, object value)
        {
            if (!pooled.ShouldSerialize(keyword))
            {
                pooled[keyword] = value;
            }
        }
    }

    private static NpgsqlDataSource CreateDataSource(NpgsqlConnectionStringBuilder connectionString)
    {
        if (!connectionString.ShouldSerialize("GSS Encryption Mode"))
        {
            // Kerberos is for who asks for it: Npgsql would try it on every new connection, with a library that container images lack.
            connectionString.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        var dataSource = new NpgsqlDataSourceBuilder(connectionString.ConnectionString);
        dataSource.ConfigureTracing(tracing => tracing
            .ConfigureCommandFilter(_ => Activity.Current is { Recorded: true })
            .ConfigureBatchFilter(_ => Activity.Current is { Recorded: true }));
        return dataSource.Build();
    }

    /// <summary>Whether the database answers.</summary>
    private sealed class Check(NpgsqlDataSource database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            await using var question = database.CreateCommand();
            question.CommandText = "SELECT 1";
            await question.ExecuteScalarAsync(cancellationToken);
            return HealthCheckResult.Healthy();
        }
    }

    /// <summary>Whether saving failed because another row has the same value of a unique constraint.</summary>
    public static bool IsUniqueViolation(this DbUpdateException failure, string constraint) =>
        failure.InnerException is PostgresException refusal && refusal.IsUniqueViolation(constraint);

    /// <summary>Whether it was refused because another row has the same value of a unique constraint.</summary>
    public static bool IsUniqueViolation(this PostgresException refusal, string constraint) =>
        refusal.SqlState == PostgresErrorCodes.UniqueViolation && refusal.ConstraintName == constraint;
}
