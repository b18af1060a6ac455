using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>A change of a customer's own order.</summary>
internal static class OrderChange
{
    /// <summary>How often an order may change under our hands, by events that arrive in the same moment.</summary>
    private const int Attempts = 10;

    /// <summary>Reads the order, changes and writes it; again from the start where somebody else was faster.</summary>
    /// <returns>The changed order, or the 404 or 412 of one that may not be changed.</returns>
    /// <exception cref="OrderRuleException">The rules refuse it.</exception>
    /// <exception cref="DbUpdateConcurrencyException">Others are always faster.</exception>
    public static async Task<(Order? Order, ProblemHttpResult? Refusal)> ChangeOrderAsync(
        this OrdersDbContext database, Guid orderId, Guid userId, IfMatch ifMatch, Action<Order> change, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var order = await database.Orders.Include(o => o.Items).SingleOrDefaultAsync(o => o.Id == orderId && o.UserId == userId, cancellationToken);
            if (order is null)
            {
                return (null, OrderResponse.NotFound());
            }

            if (!ifMatch.Allows(order.Version))
            {
                return (null, Problems.Stale());
            }

            change(order);
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                return (order, null);
            }
            catch (DbUpdateConcurrencyException) when (attempt < Attempts)
            {
                database.ChangeTracker.Clear();
            }
        }
    }
}
