using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>GET /api/cart</summary>
internal static class GetCart
{
    public static async Task<Results<Ok<CartResponse>, StatusCodeHttpResult>> HandleAsync(
        CartId id, CartRefresh carts, HttpContext http, CancellationToken cancellationToken)
    {
        var cart = await carts.ShowAsync(id, cancellationToken);
        if (!http.Request.HasVersion(cart.Version))
        {
            return Show(id, cart, http.Response);
        }

        http.Response.SetVersion(cart.Version);
        return TypedResults.StatusCode(StatusCodes.Status304NotModified);
    }

    /// <summary>200 with the cart and its version.</summary>
    public static Ok<CartResponse> Show(CartId id, Cart cart, HttpResponse response)
    {
        response.SetVersion(cart.Version);
        return TypedResults.Ok(CartResponse.Of(id, cart));
    }
}
