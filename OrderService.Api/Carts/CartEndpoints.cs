using OrderService.Api.Http;
using OrderService.Api.Orders;

namespace OrderService.Api.Carts;

/// <summary>The routes of carts.</summary>
internal static class CartEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapCarts(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/cart").WithTags("Cart");

        // Guests too.
        var cart = all.MapGroup("").RequireAuthorization(CartAccess.Policy);

        cart.MapGet("", GetCart.HandleAsync).WithSummary("Reads the cart").TellsVersion().Produces(304);
        cart.MapDelete("", ClearCart.HandleAsync).WithSummary("Empties the cart").TellsVersion().Refuses("not-found");
        cart.MapPost("/items", AddToCart.HandleAsync).WithSummary("Adds pieces of a product").TellsVersion()
            .Refuses("product-not-found", "mixed-currencies");
        cart.MapPut("/items/{productId}", SetQuantity.HandleAsync).WithSummary("Sets the quantity of a product; 0 removes it").TellsVersion()
            .Refuses("cart-item-not-found");
        cart.MapDelete("/items/{productId}", RemoveFromCart.HandleAsync).WithSummary("Removes a product").TellsVersion()
            .Refuses("validation");

        // Users only.
        var user = all.MapGroup("").RequireAuthorization();
        user.MapPost("/merge", MergeCart.HandleAsync).WithSummary("Takes over a guest's cart").TellsVersion()
            .Refuses("cart-busy", "cart-full", "mixed-currencies");
        user.MapPost("/checkout", Checkout.HandleAsync).WithSummary("Orders what is in the cart").TellsVersion().PlacesOrders()
            .Refuses("cart-empty", "cart-busy", "price-changed")
            .Refuses(ProblemCatalog.OfPlacements);
    }
}
