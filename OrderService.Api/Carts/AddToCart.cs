using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>What to add. Name and price are the Product service's.</summary>
internal sealed record AddToCartRequest(string? ProductId, int? Quantity);

/// <summary>POST /api/cart/items</summary>
internal static class AddToCart
{
    public static async Task<Results<Ok<CartResponse>, ProblemHttpResult>> HandleAsync(
        AddToCartRequest request,
        CartId id,
        ProductClient products,
        CartStore carts,
        HttpResponse response,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        errors.RequireProductId("productId", request.ProductId);
        errors.RequireQuantity("quantity", request.Quantity);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        if (await products.FindAsync(request.ProductId!, cancellationToken) is not { } product)
        {
            return Problems.Of(StatusCodes.Status404NotFound, "product-not-found", $"There is no product '{request.ProductId}' for sale.");
        }

        var (outcome, cart) = await carts.AddAsync(id, product, request.Quantity!.Value);
        return outcome switch
        {
            CartOutcome.Done => GetCart.Show(id, cart, response),
            CartOutcome.TooManyPieces => Problems.Invalid(
                "quantity", $"A line has at most {OrderLimits.MaxQuantity} pieces, with those in the cart already."),
            CartOutcome.TooManyLines => Problems.Invalid("productId", $"A cart has at most {OrderLimits.MaxLines} lines."),
            CartOutcome.OtherCurrency => Problems.Of(
                StatusCodes.Status409Conflict, "mixed-currencies", $"The product is priced in {product.Currency}, the cart in {cart.Currency}."),
            CartOutcome.Stale or CartOutcome.NotInCart => throw new InvalidOperationException($"Adding to a cart can't end as {outcome}."),
        };
    }
}
