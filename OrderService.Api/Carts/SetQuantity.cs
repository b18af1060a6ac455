using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>The quantity that the line is to have; 0 removes it.</summary>
internal sealed record SetQuantityRequest(int? Quantity);

/// <summary>PUT /api/cart/items/{productId}</summary>
internal static class SetQuantity
{
    public static async Task<Results<Ok<CartResponse>, ProblemHttpResult>> HandleAsync(
        string productId, SetQuantityRequest request, IfMatch ifMatch, CartId id, CartStore carts, HttpResponse response)
    {
        var errors = new InputErrors();
        errors.RequireProductId("productId", productId);
        errors.RequireQuantity("quantity", request.Quantity, min: 0);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var (outcome, cart) = await carts.SetQuantityAsync(id, productId, request.Quantity!.Value, ifMatch);
        return outcome switch
        {
            CartOutcome.Done => GetCart.Show(id, cart, response),
            CartOutcome.Stale => Problems.Stale(),
            CartOutcome.NotInCart => Problems.Of(StatusCodes.Status404NotFound, "cart-item-not-found", "This product is not in the cart."),
            _ => throw new InvalidOperationException($"Setting a quantity can't end as {outcome}."),
        };
    }
}
