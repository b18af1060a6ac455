using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>GET /api/orders/{id}</summary>
internal static class GetOrder
{
    public static async Task<Results<Ok<OrderResponse>, StatusCodeHttpResult, ProblemHttpResult>> HandleAsync(
        OrderId id, ClaimsPrincipal user, OrdersDbContext database, HttpContext http, CancellationToken cancellationToken)
    {
        var (orderId, userId) = (id.Value, user.Id);
        var order = await database.Orders.AsNoTracking().Include(o => o.Items)
            .SingleOrDefaultAsync(o => o.Id == orderId && o.UserId == userId, cancellationToken);
        if (order is null)
        {
            return OrderResponse.NotFound();
        }

        http.Response.SetVersion(order.Version);
        return http.Request.HasVersion(order.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(OrderResponse.Of(order));
    }
}
