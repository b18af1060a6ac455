using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>What to add. Name and price are the Product service's.</summary>
internal sealed record AddToCartRequest(string? ProductId, int? Quantity);

/// <summary>POST /api/cart/items</summary>
internal static class AddToCart
{
    private const string Route = "POST /api/cart/items";

    public static async Task<Results<Ok<CartResponse>, ProblemHttpResult>> HandleAsync(
        AddToCartRequest request,
        [FromHeader(Name = Idempotency.Header)] string? idempotencyKey,
        IfMatch ifMatch,
        CartId id,
        ProductLookup products,
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

        if (!IdempotentRequest.TryCreate(idempotencyKey, id.Owner, Route, request, ApiJson.Default.AddToCartRequest, out var keyed))
        {
            return IdempotentRequest.BadKey();
        }

        // A repeat needs no Product service.
        if (keyed is not null && await carts.FindAnswerAsync(id, keyed) is (not CartOutcome.Done, _) first)
        {
            return Answer(first);
        }

        if (await products.FindAsync(request.ProductId!, cancellationToken) is not { } product)
        {
            return Problems.Of(StatusCodes.Status404NotFound, "product-not-found", $"There is no product '{request.ProductId}' for sale.");
        }

        var added = await carts.AddAsync(id, product, request.Quantity!.Value, ifMatch, keyed);
        return added.Outcome switch
        {
            CartOutcome.OtherCurrency => Problems.Of(
                StatusCodes.Status409Conflict,
                "mixed-currencies",
                $"The product is priced in {product.Currency}, the cart in {added.Cart.Currency}. Order or empty the cart first."),
            _ => Answer(added),
        };

        Results<Ok<CartResponse>, ProblemHttpResult> Answer((CartOutcome Outcome, Cart Cart) result)
        {
            switch (result.Outcome)
            {
                case CartOutcome.Done:
                    return GetCart.Show(id, result.Cart, response);
                case CartOutcome.Replayed:
                    response.Headers[Idempotency.ReplayedHeader] = "true";
                    return GetCart.Show(id, result.Cart, response);
                case CartOutcome.KeyReused:
                    return Idempotency.Reused();
                case CartOutcome.Stale:
                    return Problems.Stale();
                case CartOutcome.TooManyPieces:
                    return Problems.Invalid("quantity", $"A line has at most {OrderLimits.MaxQuantity} pieces, with those in the cart already.");
                case CartOutcome.TooManyLines:
                    return Problems.Invalid("productId", $"A cart has at most {OrderLimits.MaxLines} lines.");
                default:
                    throw new InvalidOperationException($"Adding to a cart can't end as {result.Outcome}.");
            }
        }
    }
}
