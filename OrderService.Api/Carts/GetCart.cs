using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>GET /api/cart</summary>
internal static class GetCart
{
    public static async Task<Ok<CartResponse>> HandleAsync(CartId id, CartStore carts, HttpResponse response)
    {
        return Show(id, await carts.ReadAsync(id), response);
    }

    /// <summary>200 with the cart and its version.</summary>
    public static Ok<CartResponse> Show(CartId id, Cart cart, HttpResponse response)
    {
        response.SetVersion(cart.Version);
        return TypedResults.Ok(CartResponse.Of(id, cart));
    }
}
