using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>DELETE /api/cart</summary>
internal static class ClearCart
{
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        IfMatch ifMatch, CartId id, CartStore carts, HttpRequest request, HttpResponse response)
    {
        // DELETE /api/cart/items/.. arrives as /api/cart/ and was not meant to empty it.
        if (request.Path.Value is [.., '/'])
        {
            return Problems.Of(StatusCodes.Status404NotFound, "not-found", "There is nothing at this address; the cart is at /api/cart.");
        }

        var (outcome, cart) = await carts.ClearAsync(id, ifMatch);
        if (outcome == CartOutcome.Stale)
        {
            return Problems.Stale();
        }

        response.SetVersion(cart.Version);
        return TypedResults.NoContent();
    }
}
