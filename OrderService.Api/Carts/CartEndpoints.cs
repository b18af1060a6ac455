using OrderService.Api.Orders;

namespace OrderService.Api.Carts;

/// <summary>The routes of carts.</summary>
internal static class CartEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapCarts(this IEndpointRouteBuilder app)
    {
        var cart = app.MapGroup("/api/cart").RequireAuthorization().WithTags("Cart")
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        cart.MapGet("", GetCart.HandleAsync).WithSummary("Reads the cart");
        cart.MapDelete("", ClearCart.HandleAsync).WithSummary("Empties the cart");
        cart.MapPost("/items", AddToCart.HandleAsync).WithSummary("Adds pieces of a product");
        cart.MapPut("/items/{productId}", SetQuantity.HandleAsync).WithSummary("Sets the quantity of a product in the cart; 0 removes it");
        cart.MapDelete("/items/{productId}", RemoveFromCart.HandleAsync).WithSummary("Removes a product");
        cart.MapPost("/checkout", Checkout.HandleAsync).WithSummary("Orders what is in the cart");
    }
}
