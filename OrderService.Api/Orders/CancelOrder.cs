using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Why the customer cancels; may be absent.</summary>
internal sealed record CancelOrderRequest(string? Reason = null);

/// <summary>PUT /api/orders/{id}/cancel. The stock is released through the outbox.</summary>
internal static class CancelOrder
{
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

        var (order, refusal) = await database.ChangeOrderAsync(
            id.Value, user.Id, ifMatch, order => order.Cancel(request?.Reason, time.Now()), cancellationToken);
        if (order is null)
        {
            return refusal!;
        }

        response.SetVersion(order.Version);
        return TypedResults.Ok(OrderResponse.Of(order));
    }
}
