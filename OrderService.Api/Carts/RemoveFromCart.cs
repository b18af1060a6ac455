using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>DELETE /api/cart/items/{productId}</summary>
internal static class RemoveFromCart
{
    public static async Task<Results<Ok<CartResponse>, ProblemHttpResult>> HandleAsync(
        string productId, IfMatch ifMatch, CartId id, CartStore carts, HttpResponse response)
    {
        var errors = new InputErrors();
        errors.RequireProductId("productId", productId);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var (outcome, cart) = await carts.RemoveAsync(id, productId, ifMatch);
        return outcome == CartOutcome.Stale ? Problems.Stale() : GetCart.Show(id, cart, response);
    }
}
