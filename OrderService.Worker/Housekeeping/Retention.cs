using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Messaging;

namespace OrderService.Worker.Housekeeping;

/// <summary>Takes away what has served its time: handled event ids, idempotency keys and claims on them (docs/decisions/0029).</summary>
internal sealed class Retention(
    NpgsqlDataSource database,
    IOptions<HousekeepingOptions> options,
    TimeProvider time,
    ILogger<Retention> logger) : PeriodicJob(options.Value.RetentionInterval, time, logger)
{
    /// <summary>How long one of its statements may take: after days without a worker there is much to take away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    protected internal override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.Now();
        await DeleteAsync("DELETE FROM inbox_messages WHERE handled_at < $1", now - options.Value.InboxRetention, cancellationToken);
        await DeleteAsync("DELETE FROM idempotency_keys WHERE created_at < $1", now - IdempotencyRecord.Kept, cancellationToken);
        await DeleteAsync("DELETE FROM idempotency_claims WHERE expires_at < $1", now, cancellationToken);
        return false;
    }

    [SuppressMessage("Security", "CA2100", Justification = "One of the statements above.")]
    private async Task DeleteAsync(string rows, DateTimeOffset before, CancellationToken cancellationToken)
    {
        await using var delete = database.CreateCommand();
        delete.CommandText = rows;
        delete.CommandTimeout = (int)Patience.TotalSeconds;
        delete.Parameters.Add(new() { Value = before });
        await delete.ExecuteNonQueryAsync(cancellationToken);
    }
}
