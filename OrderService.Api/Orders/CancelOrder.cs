using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Why the customer cancels; may be absent.</summary>
internal sealed record CancelOrderRequest(string? Reason);

/// <summary>PUT /api/orders/{id}/cancel. The stock is released through the outbox.</summary>
internal static class CancelOrder
{
    private const string NoReason = "Cancelled by the customer";

    /// <summary>How often an order may change under our hands, by events that arrive in the same moment.</summary>
    private const int Attempts = 5;

    public static async Task<Results<Ok<OrderResponse>, ProblemHttpResult>> HandleAsync(
        OrderId id,
        CancelOrderRequest? request,
        IfMatch ifMatch,
        ClaimsPrincipal user,
        OrdersDbContext database,
        TimeProvider time,
        HttpResponse response,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        errors.CheckText("reason", request?.Reason, OrderLimits.ReasonLength);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var (orderId, userId) = (id.Value, user.Id);
        var reason = string.IsNullOrWhiteSpace(request?.Reason) ? NoReason : request.Reason;
        for (var attempt = 1; ; attempt++)
        {
            var order = await database.Orders.Include(o => o.Items).SingleOrDefaultAsync(o => o.Id == orderId && o.UserId == userId, cancellationToken);
            if (order is null)
            {
                return OrderResponse.NotFound();
            }

            if (!ifMatch.Allows(order.Version))
            {
                return Problems.Stale();
            }

            order.Cancel(reason, time.Now());
            try
            {
                await database.SaveChangesAsync(cancellationToken);
                response.SetVersion(order.Version);
                return TypedResults.Ok(OrderResponse.Of(order));
            }
            catch (DbUpdateConcurrencyException) when (attempt < Attempts)
            {
                database.ChangeTracker.Clear();
            }
        }
    }
}
