using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Which pieces the customer cancels, and why. Lines of one product are summed.</summary>
internal sealed record CancelItemsRequest(IReadOnlyList<RequestedLine?>? Lines, string? Reason = null);

/// <summary>
/// POST /api/orders/{id}/cancellations. Total, stock and refund follow. The last piece cancels the order. Without an
/// <c>Idempotency-Key</c> each call cancels what it names.
/// </summary>
internal static class CancelItems
{
    public static async Task<Results<Ok<OrderResponse>, ContentHttpResult, ProblemHttpResult>> HandleAsync(
        OrderId id,
        CancelItemsRequest request,
        IfMatch ifMatch,
        [FromHeader(Name = Idempotency.Header)] string? idempotencyKey,
        ClaimsPrincipal user,
        Idempotency idempotency,
        OrdersDbContext database,
        TimeProvider time,
        HttpResponse response,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        errors.CheckText("reason", request.Reason, OrderLimits.ReasonLength);
        var pieces = RequestedLine.Sum("lines", request.Lines, errors);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var route = $"POST {OrderResponse.LocationOf(id.Value)}/cancellations";
        await using var key = await idempotency.ClaimAsync(
            idempotencyKey, user.Id, route, request, ApiJson.Default.CancelItemsRequest, response, cancellationToken);
        if (key.Refusal is { } refused)
        {
            return refused;
        }

        if (key.Replay is { } first)
        {
            return first;
        }

        try
        {
            var (order, refusal) = await database.ChangeOrderAsync(id.Value, user.Id, ifMatch, Cancel, cancellationToken);
            if (order is null)
            {
                return refusal!;
            }

            key.Use();
            response.SetVersion(order.Version);
            return TypedResults.Ok(OrderResponse.Of(order));
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation(OrdersDatabase.IdempotencyKey))
        {
            database.ChangeTracker.Clear();
            return await idempotency.FindWinnerAsync(key.Request!, response);
        }

        void Cancel(Order order)
        {
            order.CancelItems(pieces, request.Reason, time.Now());
            if (key.Request is { } keyed)
            {
                database.Add(idempotency.Record(keyed, StatusCodes.Status200OK, new(OrderResponse.Of(order), order.Version)));
            }
        }
    }
}
