using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Housekeeping;

/// <summary>Cancels orders that nobody paid in time; their stock becomes free.</summary>
internal sealed partial class PaymentTimeouts(
    IServiceScopeFactory scopes,
    IOptions<HousekeepingOptions> options,
    IOptions<OrderOptions> orders,
    TimeProvider time,
    ILogger<PaymentTimeouts> logger) : PeriodicJob(options.Value.PaymentCheckInterval, time, logger)
{
    private const int BatchSize = 100;

    /// <inheritdoc />
    protected override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.Now();
        var due = now - orders.Value.PaymentTimeout;
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var unpaid = await db.Orders
            .Where(order => order.Status == OrderStatus.Pending && order.CreatedAt < due)
            .OrderBy(order => order.CreatedAt)
            .Take(BatchSize)
            .ToListAsync(cancellationToken);
        foreach (var order in unpaid)
        {
            order.TimeOutPayment(now);
            try
            {
                await db.SaveChangesAsync(cancellationToken);
                LogTimedOut(logger, order.Id);
            }
            catch (DbUpdateConcurrencyException)
            {
                // Paid, cancelled or timed out by another replica in this moment: the next look decides.
                return false;
            }
        }

        return unpaid.Count == BatchSize;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Order {OrderId} was not paid in time and is cancelled")]
    private static partial void LogTimedOut(ILogger logger, Guid orderId);
}
