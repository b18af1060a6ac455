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
        Guid id, ClaimsPrincipal user, OrdersDbContext database, HttpContext http, CancellationToken cancellationToken)
    {
        var userId = user.Id;
        var order = await database.Orders.AsNoTracking().Include(o => o.Items)
            .SingleOrDefaultAsync(o => o.Id == id && o.UserId == userId, cancellationToken);
        if (order is null)
        {
            return OrderResponse.NotFound(id);
        }

        http.Response.SetVersion(order.Version);
        return http.Request.HasVersion(order.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(OrderResponse.Of(order));
    }
}
