using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>The guest's cart to take over.</summary>
internal sealed record MergeCartRequest(string? FromCartId);

/// <summary>
/// POST /api/cart/merge. The two carts may be on different nodes, so no script sees both: the guest's is claimed for the user and read,
/// merged into the user's, and emptied if it still is what was read. Since the larger quantity wins, whatever a crash leaves half done
/// can be done again with the same result.
/// </summary>
internal static class MergeCart
{
    /// <summary>How often the guest's cart may change meanwhile.</summary>
    private const int Rounds = 20;

    public static async Task<Results<Ok<CartResponse>, ProblemHttpResult>> HandleAsync(
        MergeCartRequest request, IfMatch ifMatch, CartId id, CartStore carts, HttpResponse response)
    {
        if (!CartAccess.TryRead(request.FromCartId, out var fromCartId))
        {
            return Problems.Invalid("fromCartId", "Is the id of a guest's cart: one UUID, but not the empty one.");
        }

        var guestId = CartId.OfGuest(fromCartId);
        Cart? merged = null;
        for (var round = 1; round <= Rounds; round++)
        {
            var (claim, guest) = await carts.ClaimAsync(guestId, by: id);
            if (claim == CartOutcome.ClaimedByOther || guest.Lines.Count == 0)
            {
                merged ??= await carts.ReadAsync(id);
                return ifMatch.Allows(merged.Version) ? GetCart.Show(id, merged, response) : Problems.Stale();
            }

            (var outcome, merged) = await carts.MergeAsync(id, guest, ifMatch);
            if (outcome != CartOutcome.Done)
            {
                await carts.UnclaimAsync(guestId, by: id);
                return Refusal(outcome, guest, merged);
            }

            // What the client wanted to change is the version before the first round.
            ifMatch = IfMatch.Any;
            if (await carts.ClearAsync(guestId, IfMatch.Of(guest.Version)) is (CartOutcome.Done, _))
            {
                return GetCart.Show(id, merged, response);
            }
        }

        return Problems.Busy(response, "cart-busy", "The guest's cart changes all the time. Merge again in a second.");
    }

    private static ProblemHttpResult Refusal(CartOutcome outcome, Cart guest, Cart own) => outcome switch
    {
        CartOutcome.Stale => Problems.Stale(),
        CartOutcome.TooManyLines => Problems.Of(
            StatusCodes.Status409Conflict,
            "cart-full",
            $"Both carts together hold more than {OrderLimits.MaxLines} products. Order or remove some of them, then merge again."),
        CartOutcome.OtherCurrency => Problems.Of(
            StatusCodes.Status409Conflict,
            "mixed-currencies",
            $"The guest's cart is priced in {guest.Currency}, the user's in {own.Currency}. Order or empty one of them, then merge again."),
        _ => throw new InvalidOperationException($"A merge can't end as {outcome}."),
    };
}
