using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using OrderService.Api.Http;

namespace OrderService.Api.Carts;

/// <summary>
/// Who may use a cart: a user their own, a guest the one whose id they know. A guest is no identity, only what this policy lets in
/// besides, so that no other route can take one for a user.
/// </summary>
internal static class CartAccess
{
    /// <summary>Name of the policy.</summary>
    public const string Policy = "cart";

    /// <summary>The header in which a guest names the cart.</summary>
    public const string Header = "X-Cart-Id";

    /// <summary>Adds the policy.</summary>
    public static void AddCartAccess(this IServiceCollection services) =>
        services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.RequireAssertion(MayUseCartAsync));

    /// <summary>Reads the id of a guest's cart: one UUID, but not the empty one.</summary>
    public static bool TryReadGuestCart(HttpRequest request, out Guid cartId)
    {
        cartId = Guid.Empty;
        return request.Headers[Header] is [var only] && TryRead(only, out cartId);
    }

    /// <inheritdoc cref="TryReadGuestCart"/>
    public static bool TryRead(string? text, out Guid cartId) => Guid.TryParseExact(text, "D", out cartId) && cartId != Guid.Empty;

    private static async Task<bool> MayUseCartAsync(AuthorizationHandlerContext context)
    {
        var http = (HttpContext)context.Resource!;
        var identity = await http.AuthenticateAsync();
        if (identity.Succeeded)
        {
            return true;
        }

        // Who shows an identity that does not count is told so, and not taken for a guest.
        if (identity.Failure is not null || TryReadGuestCart(http.Request, out _))
        {
            return identity.Failure is null;
        }

        var wrong = http.Request.Headers.ContainsKey(Header) ? "is not one UUID, or it is the empty one" : "is missing";
        http.Features.Set(new UnauthorizedHint($"A guest sends {Header}: <uuid> instead; here it {wrong}."));
        return false;
    }
}
