using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Every transition of an order, the oldest first.</summary>
internal sealed record OrderHistoryResponse(IReadOnlyList<OrderTransition> Items);

/// <summary>A transition.</summary>
/// <param name="Sequence">The sequence of the event that told it. Events without a transition leave gaps.</param>
/// <param name="From">The status before; <c>null</c> for a new order.</param>
/// <param name="To">The status after.</param>
/// <param name="At">When, UTC.</param>
/// <param name="Reason">Why.</param>
/// <param name="By">By whom: <c>customer</c>, <c>payment</c>, <c>warehouse</c>, <c>carrier</c> or <c>system</c>.</param>
internal sealed record OrderTransition(int Sequence, OrderStatus? From, OrderStatus To, DateTimeOffset At, string Reason, string By);

/// <summary>GET /api/orders/{id}/history. Entries are only ever added, so the last one's sequence is the version.</summary>
internal static class GetOrderHistory
{
    public static async Task<Results<Ok<OrderHistoryResponse>, StatusCodeHttpResult, ProblemHttpResult>> HandleAsync(
        OrderId id, ClaimsPrincipal user, OrdersDbContext database, HttpContext http, CancellationToken cancellationToken)
    {
        var transitions = await ReadAsync(database, id.Value, user.Id, cancellationToken);

        // An order has a history from its first moment on.
        if (transitions is not [.., var last])
        {
            return OrderResponse.NotFound();
        }

        http.Response.SetVersion(last.Sequence);
        return http.Request.HasVersion(last.Sequence)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(new OrderHistoryResponse(transitions));
    }

    /// <summary>The transitions of an order, the oldest first; none if it is unknown or another user's.</summary>
    public static Task<List<OrderTransition>> ReadAsync(OrdersDbContext database, Guid orderId, Guid userId, CancellationToken cancellationToken) =>
        database.History
            .Where(entry => entry.OrderId == orderId && database.Orders.Any(o => o.Id == orderId && o.UserId == userId))
            .OrderBy(entry => entry.Sequence)
            .Select(entry => new OrderTransition(entry.Sequence, entry.From, entry.To, entry.At, entry.Reason, entry.By))
            .ToListAsync(cancellationToken);
}
