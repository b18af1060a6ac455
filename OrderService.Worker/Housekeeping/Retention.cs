using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Housekeeping;

/// <summary>Takes away what has served its time: handled event ids, idempotency keys and claims on them.</summary>
internal sealed class Retention(
    IServiceScopeFactory scopes,
    IOptions<HousekeepingOptions> options,
    TimeProvider time,
    ILogger<Retention> logger) : PeriodicJob(options.Value.RetentionInterval, time, logger)
{
    /// <summary>How long one of its statements may take: after days without a worker there is much to take away.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <inheritdoc />
    protected internal override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        db.Database.SetCommandTimeout(Patience);
        var now = Time.Now();
        var handledBefore = now - options.Value.InboxRetention;
        var usedBefore = now - IdempotencyRecord.Kept;
        await db.Inbox.Where(row => row.HandledAt < handledBefore).ExecuteDeleteAsync(cancellationToken);
        await db.IdempotencyKeys.Where(row => row.CreatedAt < usedBefore).ExecuteDeleteAsync(cancellationToken);
        await db.IdempotencyClaims.Where(claim => claim.ExpiresAt < now).ExecuteDeleteAsync(cancellationToken);
        return false;
    }
}
