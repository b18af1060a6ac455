using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Carts;

/// <summary>What somebody is about to order. It lives in Redis; see <see cref="CartStore"/>.</summary>
/// <param name="Version">Grows with every change, the entity tag; 0 for a cart that was never used.</param>
/// <param name="CheckoutId">Id of the next checkout: at most one order carries it. <c>null</c> in a cart that was never used.</param>
/// <param name="Currency">ISO 4217, of all amounts.</param>
/// <param name="UpdatedAt">When it last changed, UTC.</param>
/// <param name="Lines">In the order in which they were added.</param>
internal sealed record Cart(int Version, Guid? CheckoutId, string Currency, DateTimeOffset? UpdatedAt, IReadOnlyList<CartLine> Lines);

/// <summary>A product in a cart, with name and price as the Product service told them last.</summary>
internal sealed record CartLine(string ProductId, string ProductName, int Quantity, decimal UnitPrice);

/// <summary>
/// Whose cart: the key in Redis. A user's and a guest's never meet, whatever their ids. The part in braces is the hash tag of Redis
/// Cluster: all that belongs to a cart is on one node.
/// </summary>
internal readonly record struct CartId
{
    private CartId(string tag, Guid owner, bool isGuest) => (Key, Owner, IsGuest) = ($"cart:{{{tag}}}", owner, isGuest);

    /// <summary>The key in Redis.</summary>
    public string Key { get; }

    /// <summary>The user, or what the guest calls the cart.</summary>
    public Guid Owner { get; }

    /// <summary>Whether it is a guest's.</summary>
    public bool IsGuest { get; }

    /// <summary>The cart of a user.</summary>
    public static CartId OfUser(Guid userId) => new($"{userId}", userId, isGuest: false);

    /// <summary>The cart of a guest, who is whoever knows its id.</summary>
    public static CartId OfGuest(Guid cartId) => new($"guest:{cartId}", cartId, isGuest: true);

    /// <summary>The cart of whoever asks. Only where the route has the policy <see cref="CartAccess.Policy"/>.</summary>
    public static ValueTask<CartId> BindAsync(HttpContext context) => ValueTask.FromResult(
        context.User.Identity is { IsAuthenticated: true } ? OfUser(context.User.Id)
        : CartAccess.TryReadGuestCart(context.Request, out var cartId) ? OfGuest(cartId)
        : throw new InvalidOperationException("The route lets requests in that name no cart."));
}

/// <summary>A cart as clients see it.</summary>
/// <param name="UserId">Whose it is; <c>null</c> for a guest's.</param>
/// <param name="Items">The lines.</param>
/// <param name="Total">Sum of the lines' totals.</param>
/// <param name="Currency">ISO 4217, of all amounts.</param>
/// <param name="ItemCount">Pieces of all lines together.</param>
/// <param name="UpdatedAt">When it last changed, UTC; <c>null</c> for a cart that was never used.</param>
internal sealed record CartResponse(
    Guid? UserId,
    IReadOnlyList<CartItemResponse> Items,
    decimal Total,
    string Currency,
    int ItemCount,
    DateTimeOffset? UpdatedAt)
{
    /// <summary>Shows a cart.</summary>
    public static CartResponse Of(CartId id, Cart cart)
    {
        var items = cart.Lines
            .Select(line => new CartItemResponse(
                line.ProductId, line.ProductName, line.Quantity, line.UnitPrice, Money.LineTotal(line.UnitPrice, line.Quantity)))
            .ToList();
        return new(
            id.IsGuest ? null : id.Owner,
            items,
            items.Sum(item => item.TotalPrice) + 0.00m,
            cart.Currency,
            items.Sum(item => item.Quantity),
            cart.UpdatedAt);
    }
}

/// <summary>A line of a cart as clients see it.</summary>
internal sealed record CartItemResponse(string ProductId, string ProductName, int Quantity, decimal UnitPrice, decimal TotalPrice);
