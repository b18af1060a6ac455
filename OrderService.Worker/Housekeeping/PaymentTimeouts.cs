using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Housekeeping;

/// <summary>Cancels orders that nobody paid in time; their stock becomes free.</summary>
internal sealed partial class PaymentTimeouts(
    NpgsqlDataSource database,
    IServiceScopeFactory scopes,
    IOptions<HousekeepingOptions> options,
    IOptions<OrderOptions> orders,
    TimeProvider time,
    ILogger<PaymentTimeouts> logger) : PeriodicJob(options.Value.PaymentCheckInterval, time, logger)
{
    private const int BatchSize = 100;

    /// <inheritdoc />
    protected internal override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var now = Time.Now();
        var (oldest, due) = (DateTimeOffset.MinValue, now - orders.Value.PaymentTimeout);
        while (await FindAsync(oldest, due, cancellationToken) is { Count: > 0 } unpaid)
        {
            foreach (var (orderId, _) in unpaid)
            {
                await TimeOutAsync(orderId, now, cancellationToken);
            }

            // On behind these, whatever became of them: one that fails again and again holds up no other.
            oldest = unpaid[^1].CreatedAt;
        }

        return false;
    }

    /// <summary>
    /// The oldest unpaid orders that were placed after <paramref name="oldest"/>. Those of one instant are found at later looks. Nothing is
    /// found most of the time, and that needs no EF Core (docs/decisions/0029).
    /// </summary>
    private async Task<List<(Guid Id, DateTimeOffset CreatedAt)>> FindAsync(DateTimeOffset oldest, DateTimeOffset due, CancellationToken cancellationToken)
    {
        await using var find = database.CreateCommand();
        find.CommandText =
            """
            SELECT id, created_at FROM orders
            WHERE status = 'PENDING' AND created_at > $1 AND created_at < $2
            ORDER BY created_at
            LIMIT $3
            """;
        find.Parameters.Add(new() { Value = oldest });
        find.Parameters.Add(new() { Value = due });
        find.Parameters.Add(new() { Value = BatchSize });
        var found = new List<(Guid, DateTimeOffset)>();
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetGuid(0), reader.GetFieldValue<DateTimeOffset>(1)));
        }

        return found;
    }

    private async Task TimeOutAsync(Guid orderId, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        try
        {
            var order = await db.Orders.Include(o => o.Items).SingleAsync(o => o.Id == orderId, cancellationToken);
            if (order.Status == OrderStatus.Pending)
            {
                order.TimeOutPayment(now);
                await db.SaveChangesAsync(cancellationToken);
                LogTimedOut(logger, orderId);
            }
        }
        catch (DbUpdateConcurrencyException)
        {
            // Paid, cancelled or timed out by another replica in this moment: the next look decides.
        }
        catch (DbUpdateException e) when (!DatabaseFailure.IsAway(e))
        {
            LogNotTimedOut(logger, orderId, e);
        }
    }

    [LoggerMessage(EventId = 3201, EventName = "OrderNotTimedOut", Level = LogLevel.Error, Message = "Order {OrderId} was not paid in time and could not be cancelled; the next look tries again")]
    private static partial void LogNotTimedOut(ILogger logger, Guid orderId, Exception exception);

    [LoggerMessage(EventId = 3202, EventName = "OrderTimedOut", Level = LogLevel.Information, Message = "Order {OrderId} was not paid in time and is cancelled")]
    private static partial void LogTimedOut(ILogger logger, Guid orderId);
}
