using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>DELETE /api/cart</summary>
internal static class ClearCart
{
    public static async Task<Results<NoContent, ProblemHttpResult>> HandleAsync(
        IfMatch ifMatch, CartId id, CartStore carts, HttpResponse response)
    {
        var (outcome, cart) = await carts.ClearAsync(id, ifMatch);
        if (outcome == CartOutcome.Stale)
        {
            return Problems.Stale();
        }

        response.SetVersion(cart.Version);
        return TypedResults.NoContent();
    }
}
