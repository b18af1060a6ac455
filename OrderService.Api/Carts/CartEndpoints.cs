using OrderService.Api.Http;
using OrderService.Api.Orders;

namespace OrderService.Api.Carts;

/// <summary>The routes of carts.</summary>
internal static class CartEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapCarts(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/cart").WithTags("Cart").Refuses(401, 503);

        // Guests too.
        var cart = all.MapGroup("").RequireAuthorization(CartAccess.Policy);

        cart.MapGet("", GetCart.HandleAsync).WithSummary("Reads the cart").Produces(304);
        cart.MapDelete("", ClearCart.HandleAsync).WithSummary("Empties the cart").Refuses(404, 412);
        cart.MapPost("/items", AddToCart.HandleAsync).WithSummary("Adds pieces of a product").Refuses(400, 404, 409, 412, 413, 415, 422);
        cart.MapPut("/items/{productId}", SetQuantity.HandleAsync).WithSummary("Sets the quantity of a product; 0 removes it").Refuses(400, 404, 412, 413, 415);
        cart.MapDelete("/items/{productId}", RemoveFromCart.HandleAsync).WithSummary("Removes a product").Refuses(400, 412);

        // Users only.
        var user = all.MapGroup("").RequireAuthorization();
        user.MapPost("/merge", MergeCart.HandleAsync).WithSummary("Takes over a guest's cart").Refuses(400, 409, 412, 413, 415);
        user.MapPost("/checkout", Checkout.HandleAsync).WithSummary("Orders what is in the cart").Refuses(400, 403, 409, 413, 415, 422);
    }
}
