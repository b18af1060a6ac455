namespace Aspire.Npgsql.EntityFrameworkCore.PostgreSQL;

/// <summary>How a DbContext connects to PostgreSQL and what is observed of it.</summary>
public class NpgsqlEntityFrameworkCorePostgreSQLSettings
{
    /// <summary>The connection string; <c>ConnectionStrings:{name}</c> takes precedence over the settings section.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Leaves the execution strategy alone instead of retrying transient failures.</summary>
    public bool DisableRetry { get; set; }

    /// <summary>Registers no health check.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Records no spans of Npgsql.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Collects no metrics of Npgsql.</summary>
    public bool DisableMetrics { get; set; }

    /// <summary>The command timeout in seconds; the provider's own when null.</summary>
    public int? CommandTimeout { get; set; }
}
