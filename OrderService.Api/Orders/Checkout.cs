using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;

namespace OrderService.Api.Orders;

/// <summary>Where to send what is in the cart.</summary>
internal sealed record CheckoutRequest(string? ShippingAddress, string? Notes = null);

/// <summary>
/// POST /api/cart/checkout. The order carries the id of the cart's checkout, which is unique; then what it contains is taken out of the
/// cart and the cart gets a new checkout id. So a checkout becomes at most one order without any lock, and what was put into the cart
/// meanwhile stays there.
/// </summary>
internal static class Checkout
{
    private const string Route = "POST /api/cart/checkout";

    /// <summary>How often other checkouts of the same cart may be faster.</summary>
    private const int Rounds = 20;

    /// <summary>Several times what a commit takes, and little for a customer who learns that something is sold out.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(150);

    public static async Task<OrderAnswer> HandleAsync(
        CheckoutRequest request,
        [FromHeader(Name = Idempotency.Header)] string? idempotencyKey,
        IfMatch ifMatch,
        ClaimsPrincipal user,
        CartStore carts,
        OrderReader orders,
        Idempotency idempotency,
        Placement placement,
        TimeProvider time,
        HttpResponse response,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        errors.RequireText("shippingAddress", request.ShippingAddress, OrderLimits.AddressLength);
        errors.CheckText("notes", request.Notes, OrderLimits.NotesLength);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        await using var key = await idempotency.ClaimAsync(
            idempotencyKey, user.Id, Route, request, ApiJson.Default.CheckoutRequest, response, cancellationToken);
        if (key.Refusal is { } refusal)
        {
            return refusal;
        }

        var cartId = CartId.OfUser(user.Id);
        if (key.Replay is { } first)
        {
            await TakeOutAsync(key.Answered!);
            return first;
        }

        StoredOrder? overtaker = null;
        for (var round = 1; round <= Rounds; round++)
        {
            var cart = await ReadCartAsync();
            if (cart is not { CheckoutId: { } checkoutId, Lines.Count: > 0 })
            {
                return overtaker is null
                    ? Problems.Of(StatusCodes.Status409Conflict, "cart-empty", "There is nothing in the cart to order.")
                    : await AnswerAsync(overtaker);
            }

            if (!ifMatch.Allows(cart.Version))
            {
                return Problems.Stale();
            }

            var lines = cart.Lines.Select(line => new ProductQuantity(line.ProductId, line.Quantity)).ToList();
            if (round == 1)
            {
                OrderTelemetry.NoteCart(lines);
            }

            var earlier = await orders.FindByCheckoutAsync(checkoutId, cancellationToken);
            if (earlier is null)
            {
                var draft = new OrderDraft(user.Id, lines, request.ShippingAddress!, request.Notes, key.Request, cart);
                var outcome = await placement.PlaceAsync(draft, cancellationToken);
                switch (outcome)
                {
                    case PlacementOutcome.Placed placed:
                        using (OrderTelemetry.Measure(PlacementStep.Cart))
                        {
                            await carts.FinishCheckoutAsync(cartId, checkoutId, lines);
                        }

                        return placed.Answer(key, response);
                    case PlacementOutcome.KeyTaken:
                        return await idempotency.FindWinnerAsync(key.Request!, response);
                    case PlacementOutcome.PriceChanged changed:
                        await carts.RepriceAsync(cartId, changed.Products, changed.Currency);
                        return PriceChanged(changed);
                }

                earlier = await orders.FindByCheckoutAsync(checkoutId, cancellationToken);
                if (earlier is null && outcome is PlacementOutcome.Refused { OutOfStock: true })
                {
                    // Perhaps the other click of a double click holds the last pieces and is about to commit.
                    await Task.Delay(Patience, time, cancellationToken);
                    earlier = await orders.FindByCheckoutAsync(checkoutId, cancellationToken);
                }

                if (earlier is null)
                {
                    return outcome is PlacementOutcome.Refused refused
                        ? refused.Problem
                        : throw new InvalidOperationException($"Checkout {checkoutId} was an order a moment ago.");
                }
            }

            if (earlier.Order.Status == OrderStatus.Cancelled)
            {
                // Its lines never left the cart, and the customer wants them again.
                await carts.FinishCheckoutAsync(cartId, checkoutId, ordered: []);
                continue;
            }

            await carts.FinishCheckoutAsync(cartId, checkoutId, LinesOf(earlier.Order));
            if (LinesOf(earlier.Order).ToHashSet().SetEquals(lines))
            {
                return await AnswerAsync(earlier);
            }

            overtaker = earlier;
        }

        return Problems.Busy(response, "cart-busy", "Other checkouts of this cart are going on.");

        async Task<Cart> ReadCartAsync()
        {
            using var step = OrderTelemetry.Measure(PlacementStep.Cart);
            return await carts.ReadAsync(cartId);
        }

        // Whoever was answered first may have died between the order and its cart.
        async Task TakeOutAsync(OrderResponse ordered)
        {
            try
            {
                if (await carts.ReadAsync(cartId) is { CheckoutId: { } checkoutId, Lines.Count: > 0 }
                    && (await orders.FindByCheckoutAsync(checkoutId, cancellationToken))?.Order.Id == ordered.Id)
                {
                    await carts.FinishCheckoutAsync(cartId, checkoutId, LinesOf(ordered));
                }
            }
            catch (DependencyUnavailableException)
            {
                // The answer needs no cart, and the next checkout gets here again.
            }
        }

        async Task<OrderAnswer> AnswerAsync(StoredOrder order) =>
            await idempotency.RememberAsync(key.Request, order, response) is { } faster
                ? faster
                : new PlacementOutcome.Placed(order).Answer(key, response);
    }

    private static ProblemHttpResult PriceChanged(PlacementOutcome.PriceChanged changed) => Problems.Of(
        StatusCodes.Status409Conflict,
        "price-changed",
        "Some prices are not what the cart showed. It shows the new ones now; check out again to accept them.",
        ("changes", changed.Changes));

    private static IEnumerable<ProductQuantity> LinesOf(OrderResponse order) =>
        order.Items.Select(item => new ProductQuantity(item.ProductId, item.Quantity));
}
