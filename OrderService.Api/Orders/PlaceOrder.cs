using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Orders;

/// <summary>What to order. Lines of one product are summed.</summary>
internal sealed record PlaceOrderRequest(IReadOnlyList<RequestedLine?>? Items, string? ShippingAddress, string? Notes = null)
{
    /// <summary>The lines, summed by product, or what is wrong with the request.</summary>
    public (IReadOnlyList<ProductQuantity> Lines, ProblemHttpResult? Invalid) Read()
    {
        var errors = new InputErrors();
        errors.RequireText("shippingAddress", ShippingAddress, OrderLimits.AddressLength);
        errors.CheckText("notes", Notes, OrderLimits.NotesLength);

        var lines = RequestedLine.Sum("items", Items, errors);
        if (lines.FirstOrDefault(line => line.Quantity > OrderLimits.MaxQuantity) is { } tooMany)
        {
            errors.Add("items", $"The lines of '{tooMany.ProductId}' have more than {OrderLimits.MaxQuantity} pieces together.");
        }

        return (lines, errors.Problem);
    }
}

/// <summary>POST /api/orders</summary>
internal static class PlaceOrder
{
    private const string Route = "POST /api/orders";

    public static async Task<OrderAnswer> HandleAsync(
        PlaceOrderRequest request,
        [FromHeader(Name = Idempotency.Header)] string? idempotencyKey,
        ClaimsPrincipal user,
        Idempotency idempotency,
        Placement placement,
        HttpResponse response,
        CancellationToken cancellationToken)
    {
        var (lines, invalid) = request.Read();
        if (invalid is not null)
        {
            return invalid;
        }

        await using var key = await idempotency.ClaimAsync(
            idempotencyKey, user.Id, Route, request, ApiJson.Default.PlaceOrderRequest, response, cancellationToken);
        if (key.Refusal is { } refusal)
        {
            return refusal;
        }

        if (key.Replay is { } first)
        {
            return first;
        }

        var draft = new OrderDraft(user.Id, lines, request.ShippingAddress!, request.Notes, key.Request);
        return await placement.PlaceAsync(draft, cancellationToken) switch
        {
            PlacementOutcome.Placed placed => placed.Answer(key, response),
            PlacementOutcome.Refused refused => refused.Problem,
            PlacementOutcome.KeyTaken => await idempotency.FindWinnerAsync(key.Request!, response),
            var other => throw new InvalidOperationException($"An order without a cart can't end as {other}."),
        };
    }
}
