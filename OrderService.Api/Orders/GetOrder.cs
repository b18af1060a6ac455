using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Orders;

/// <summary>GET /api/orders/{id}</summary>
internal static class GetOrder
{
    public static async Task<Results<Ok<OrderResponse>, StatusCodeHttpResult, ProblemHttpResult>> HandleAsync(
        OrderId id, ClaimsPrincipal user, OrderReader orders, HttpContext http, CancellationToken cancellationToken)
    {
        if (await orders.FindAsync(id.Value, user.Id, cancellationToken) is not { } found)
        {
            return OrderResponse.NotFound();
        }

        http.Response.SetVersion(found.Version);
        return http.Request.HasVersion(found.Version)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Ok(found.Order);
    }
}
