using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using StackExchange.Redis;

namespace OrderService.Api.Carts;

/// <summary>What became of a change.</summary>
internal enum CartOutcome
{
    /// <summary>The cart is as asked for.</summary>
    Done,

    /// <summary>The cart has another version than <c>If-Match</c> names.</summary>
    Stale,

    /// <summary>The product is not in the cart.</summary>
    NotInCart,

    /// <summary>The line would exceed <see cref="OrderLimits.MaxQuantity"/>.</summary>
    TooManyPieces,

    /// <summary>The cart would exceed <see cref="OrderLimits.MaxLines"/>.</summary>
    TooManyLines,

    /// <summary>The product has another currency than the cart.</summary>
    OtherCurrency,
}

/// <summary>
/// Carts in Redis: a hash per cart, changed by scripts only, so that concurrent changes never lose each other. Each script answers with
/// the whole cart and renews its lifetime. Fields:
/// <list type="bullet">
/// <item><c>version</c>, <c>updated</c>, <c>currency</c>: of the cart.</item>
/// <item><c>checkout</c>: id of the next checkout; a new one when the cart was checked out or emptied.</item>
/// <item><c>q:</c>product: quantity; <c>d:</c>product: its name and price as JSON; <c>n:</c>product: the version that added it, which orders the lines.</item>
/// </list>
/// </summary>
internal sealed partial class CartStore(IConnectionMultiplexer redis, TimeProvider time, IOptions<CartOptions> options, ILogger<CartStore> logger)
{
    private const string QuantityPrefix = "q:";
    private const string DetailsPrefix = "d:";
    private const string NumberPrefix = "n:";

    /// <summary>The cart; an empty one of version 0 if there is none.</summary>
    /// <exception cref="DependencyUnavailableException">Redis is away; so for all methods but <see cref="FinishCheckoutAsync"/>.</exception>
    public async Task<Cart> ReadAsync(CartId id) => (await RunAsync(CartScripts.Read, id, IfMatch.Any)).Cart;

    /// <summary>Adds pieces of a product, and takes over its present name and price.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> AddAsync(CartId id, Product product, int quantity) =>
        RunAsync(CartScripts.Add, id, IfMatch.Any, product.Id, quantity, Details(product), product.Currency);

    /// <summary>Sets the quantity of a product in the cart; 0 removes it.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> SetQuantityAsync(CartId id, string productId, int quantity, IfMatch ifMatch) =>
        RunAsync(CartScripts.SetQuantity, id, ifMatch, productId, quantity);

    /// <summary>Removes a product; one that is not there stays away.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> RemoveAsync(CartId id, string productId, IfMatch ifMatch) =>
        RunAsync(CartScripts.Remove, id, ifMatch, productId);

    /// <summary>Removes all products.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> ClearAsync(CartId id, IfMatch ifMatch) => RunAsync(CartScripts.Clear, id, ifMatch);

    /// <summary>Takes over new names and prices of products in the cart.</summary>
    public async Task<Cart> RepriceAsync(CartId id, IReadOnlyCollection<Product> products, string currency) =>
        (await RunAsync(CartScripts.Reprice, id, IfMatch.Any, [currency, .. products.SelectMany(p => new RedisValue[] { p.Id, Details(p) })])).Cart;

    /// <summary>
    /// Takes out of the cart what an order contains, once per checkout. The order stands even if Redis is away: the customer's next
    /// checkout finds the order by the checkout's id and gets here again.
    /// </summary>
    public async Task FinishCheckoutAsync(CartId id, Guid checkoutId, IEnumerable<ProductQuantity> ordered)
    {
        try
        {
            await RunAsync(
                CartScripts.FinishCheckout,
                id,
                IfMatch.Any,
                [checkoutId.ToString(), .. ordered.SelectMany(line => new RedisValue[] { line.ProductId, line.Quantity })]);
        }
        catch (DependencyUnavailableException e)
        {
            LogNotFinished(logger, id.Key, checkoutId, e);
        }
    }

    private static string Details(Product product) =>
        JsonSerializer.Serialize(new LineDetails(product.Name, product.Price), CartJson.Default.LineDetails);

    private async Task<(CartOutcome Outcome, Cart Cart)> RunAsync(string script, CartId id, IfMatch ifMatch, params RedisValue[] arguments)
    {
        var now = time.Now();
        RedisValue[] common =
        [
            now.ToString("O", CultureInfo.InvariantCulture),
            (long)options.Value.Lifetime.TotalSeconds,
            Guid.CreateVersion7(now).ToString(),
            ifMatch.Versions is { } versions ? $",{string.Join(',', versions)}," : "",
        ];

        RedisResult[] answer;
        try
        {
            answer = (RedisResult[])(await redis.GetDatabase().ScriptEvaluateAsync(script, [id.Key], [.. common, .. arguments]))!;
        }
        catch (Exception e) when (e is RedisConnectionException or RedisTimeoutException)
        {
            throw new DependencyUnavailableException(ResourceNames.Redis, "Carts are away.", e);
        }

        return ((CartOutcome)(int)answer[0], Parse((RedisValue[])answer[1]!));
    }

    private Cart Parse(RedisValue[] hash)
    {
        var fields = new Dictionary<string, RedisValue>(hash.Length / 2, StringComparer.Ordinal);
        for (var i = 0; i < hash.Length; i += 2)
        {
            fields.Add(hash[i].ToString(), hash[i + 1]);
        }

        var lines = fields.Keys
            .Where(field => field.StartsWith(QuantityPrefix, StringComparison.Ordinal))
            .Select(field => field[QuantityPrefix.Length..])
            .OrderBy(productId => (int)fields[NumberPrefix + productId])
            .Select(productId =>
            {
                var details = JsonSerializer.Deserialize(fields[DetailsPrefix + productId].ToString(), CartJson.Default.LineDetails)!;
                return new CartLine(productId, details.Name, (int)fields[QuantityPrefix + productId], details.UnitPrice);
            })
            .ToList();
        return new Cart(
            (int)fields.GetValueOrDefault("version"),
            fields.TryGetValue("checkout", out var checkout) ? Guid.Parse(checkout.ToString()) : null,
            lines.Count > 0 ? fields["currency"].ToString() : options.Value.Currency,
            fields.TryGetValue("updated", out var updated) ? DateTimeOffset.Parse(updated.ToString(), CultureInfo.InvariantCulture) : null,
            lines);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Cart} still holds what checkout {CheckoutId} ordered; its next checkout mends that")]
    private static partial void LogNotFinished(ILogger logger, string cart, Guid checkoutId, Exception cause);

    internal sealed record LineDetails(string Name, decimal UnitPrice);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CartStore.LineDetails))]
internal sealed partial class CartJson : JsonSerializerContext;
