using HealthChecks.NpgSql;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace HealthChecks.NpgSql
{
    /// <summary>Asks a PostgreSQL server a question.</summary>
    public class NpgSqlHealthCheck(string connectionString, string healthQuery, Action<NpgsqlConnection>? configure) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            try
            {
                // Without a pool: an idle connection would keep a server from shutting down.
                var unpooled = new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;
                await using var connection = new NpgsqlConnection(unpooled);
                configure?.Invoke(connection);
                await connection.OpenAsync(cancellationToken);
                await using var command = new NpgsqlCommand(healthQuery, connection);
                await command.ExecuteScalarAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or TimeoutException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, exception.Message, exception);
            }
        }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers checks of PostgreSQL servers.</summary>
    public static class NpgSqlHealthCheckBuilderExtensions
    {
        private const string HealthQuery = "SELECT 1;";

        public static IHealthChecksBuilder AddNpgSql(
            this IHealthChecksBuilder builder,
            string connectionString,
            string healthQuery = HealthQuery,
            Action<NpgsqlConnection>? configure = null,
            string? name = null,
            HealthStatus? failureStatus = null,
            IEnumerable<string>? tags = null,
            TimeSpan? timeout = null) =>
            builder.AddNpgSql(_ => connectionString, healthQuery, configure, name, failureStatus, tags, timeout);

        public static IHealthChecksBuilder AddNpgSql(
            this IHealthChecksBuilder builder,
            Func<IServiceProvider, string> connectionStringFactory,
            string healthQuery = HealthQuery,
            Action<NpgsqlConnection>? configure = null,
            string? name = null,
            HealthStatus? failureStatus = null,
            IEnumerable<string>? tags = null,
            TimeSpan? timeout = null) =>
            builder.Add(new HealthCheckRegistration(
                name ?? "npgsql", services => new NpgSqlHealthCheck(connectionStringFactory(services), healthQuery, configure), failureStatus, tags, timeout));
    }
}
