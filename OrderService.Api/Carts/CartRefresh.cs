using OrderService.Api.Clients;

namespace OrderService.Api.Carts;

/// <summary>
/// Shows carts with the names and prices of today. The Product service is asked at most once per cart and
/// <see cref="CartOptions.RefreshAfter"/>, successfully or not; without its answer a cart is shown as it is.
/// </summary>
internal sealed partial class CartRefresh(CartStore carts, ProductClient products, TimeProvider time, ILogger<CartRefresh> logger)
{
    /// <summary>A customer waits, and the checkout looks at the prices again anyway.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>The cart, refreshed if need be. A product that is no longer for sale stays as it was: the checkout tells.</summary>
    /// <exception cref="DependencyUnavailableException">Redis is away.</exception>
    public async Task<Cart> ShowAsync(CartId id, CancellationToken cancellationToken)
    {
        var (outcome, cart) = await carts.ShowAsync(id);
        if (outcome != CartOutcome.Outdated || await FindProductsAsync(id, cart, cancellationToken) is not { } found)
        {
            return cart;
        }

        // A cart has one currency. Where all of it is sold in another one now, the cart follows.
        var currency = found.Count == cart.Lines.Count && found.Select(product => product.Currency).Distinct().ToList() is [var other]
            ? other
            : cart.Currency;
        return await carts.RepriceAsync(id, [.. found.Where(product => product.Currency == currency)], currency);
    }

    private async Task<IReadOnlyList<Product>?> FindProductsAsync(CartId id, Cart cart, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await products.FindAllAsync(cart.Lines.Select(line => line.ProductId), either.Token);
        }
        catch (DependencyUnavailableException e)
        {
            LogNotRefreshed(logger, id.Key, e.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            LogNotRefreshed(logger, id.Key, "The Product service is slow.");
        }

        return null;
    }

    [LoggerMessage(EventId = 2002, EventName = "CartNotRefreshed", Level = LogLevel.Warning, Message = "{Cart} is shown with older names and prices: {Reason}")]
    private static partial void LogNotRefreshed(ILogger logger, string cart, string reason);
}
