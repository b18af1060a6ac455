using System.Globalization;
using System.Net.Sockets;
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

    /// <summary>The cart is as asked for; its names and prices are due to be refreshed, by whoever is told this.</summary>
    Outdated,

    /// <summary>A request with the same idempotency key was here before; the cart is the one that it was answered with.</summary>
    Replayed,

    /// <summary>The idempotency key came with another request before.</summary>
    KeyReused,

    /// <summary>Somebody else takes the cart over.</summary>
    ClaimedByOther,
}

/// <summary>
/// Carts in Redis: a hash per cart, changed by scripts only, so that concurrent changes never lose each other. Each script answers with
/// the whole cart and renews its lifetime. Fields:
/// <list type="bullet">
/// <item><c>version</c>, <c>updated</c>, <c>currency</c>: of the cart.</item>
/// <item><c>refreshed</c>: when names and prices were last refreshed, or tried to be, in Unix milliseconds.</item>
/// <item><c>claim</c>: the cart that takes this one over.</item>
/// <item><c>checkout</c>: id of the next checkout; a new one when the cart was checked out or emptied.</item>
/// <item><c>q:</c>product: quantity; <c>d:</c>product: its name and price as JSON; <c>n:</c>product: the version that added it, which orders the lines.</item>
/// </list>
/// Beside it, for 24 h, one hash for each idempotency key: the cart as it was answered, and <c>request</c>, the hash of what was asked.
/// </summary>
internal sealed partial class CartStore(IConnectionMultiplexer redis, TimeProvider time, IOptions<CartOptions> options, ILogger<CartStore> logger)
{
    /// <summary>How long an answer is waited for, also where the client of Redis knows no longer that it owes one.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const string QuantityPrefix = "q:";
    private const string DetailsPrefix = "d:";
    private const string NumberPrefix = "n:";

    /// <summary>The cart; an empty one of version 0 if there is none.</summary>
    /// <exception cref="DependencyUnavailableException">Redis is away; so for all methods but <see cref="FinishCheckoutAsync"/>.</exception>
    public async Task<Cart> ReadAsync(CartId id) => (await RunAsync(CartScripts.Read, id, IfMatch.Any)).Cart;

    /// <summary>The cart, and whether its names and prices are older than <see cref="CartOptions.RefreshAfter"/>. Only one reader is told so.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> ShowAsync(CartId id) =>
        RunAsync(CartScripts.Show, id, IfMatch.Any, (long)options.Value.RefreshAfter.TotalMilliseconds);

    /// <summary>The first answer to a request with an idempotency key; done if there is none.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> FindAnswerAsync(CartId id, IdempotentRequest keyed) =>
        RunAsync(CartScripts.Read, id, IfMatch.Any, keyed);

    /// <summary>Adds pieces of a product, and takes over its present name and price. A request with an idempotency key counts once.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> AddAsync(CartId id, Product product, int quantity, IfMatch ifMatch, IdempotentRequest? keyed) =>
        RunAsync(CartScripts.Add, id, ifMatch, keyed, product.Id, quantity, Details(product.Name, product.Price), product.Currency);

    /// <summary>Sets the quantity of a product in the cart; 0 removes it.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> SetQuantityAsync(CartId id, string productId, int quantity, IfMatch ifMatch) =>
        RunAsync(CartScripts.SetQuantity, id, ifMatch, productId, quantity);

    /// <summary>Removes a product; one that is not there stays away.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> RemoveAsync(CartId id, string productId, IfMatch ifMatch) =>
        RunAsync(CartScripts.Remove, id, ifMatch, productId);

    /// <summary>Removes all products.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> ClearAsync(CartId id, IfMatch ifMatch) => RunAsync(CartScripts.Clear, id, ifMatch);

    /// <summary>
    /// Takes over new names and prices of those products that are in the cart. Another currency is taken over only where it is that of all
    /// its lines. Where nothing differs, it stays the same version.
    /// </summary>
    public async Task<Cart> RepriceAsync(CartId id, IReadOnlyCollection<Product> products, string currency) =>
        (await RunAsync(
            CartScripts.Reprice,
            id,
            IfMatch.Any,
            [currency, .. products.SelectMany(product => new RedisValue[] { product.Id, Details(product.Name, product.Price) })])).Cart;

    /// <summary>The cart, from now on to be taken over by one other only.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> ClaimAsync(CartId id, CartId by) => RunAsync(CartScripts.Claim, id, IfMatch.Any, by.Key);

    /// <summary>Leaves the cart to others again.</summary>
    public Task UnclaimAsync(CartId id, CartId by) => RunAsync(CartScripts.Unclaim, id, IfMatch.Any, by.Key);

    /// <summary>Takes over the lines of another cart; the larger quantity of a product wins. Nothing changes unless all of it fits.</summary>
    public Task<(CartOutcome Outcome, Cart Cart)> MergeAsync(CartId id, Cart other, IfMatch ifMatch) => RunAsync(
        CartScripts.Merge,
        id,
        ifMatch,
        [other.Currency, .. other.Lines.SelectMany(
            line => new RedisValue[] { line.ProductId, line.Quantity, Details(line.ProductName, line.UnitPrice) })]);

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

    private static string Details(string name, decimal unitPrice) =>
        JsonSerializer.Serialize(new LineDetails(name, unitPrice), CartJson.Default.LineDetails);

    private Task<(CartOutcome Outcome, Cart Cart)> RunAsync(string script, CartId id, IfMatch ifMatch, params RedisValue[] arguments) =>
        RunAsync(script, id, ifMatch, keyed: null, arguments);

    private async Task<(CartOutcome Outcome, Cart Cart)> RunAsync(
        string script, CartId id, IfMatch ifMatch, IdempotentRequest? keyed, params RedisValue[] arguments)
    {
        var now = time.Now();
        RedisKey[] keys = keyed is null ? [id.Key] : [id.Key, $"{id.Key}:key:{keyed.Key}"];
        RedisValue[] common =
        [
            now.ToString("O", CultureInfo.InvariantCulture),
            now.ToUnixTimeMilliseconds(),
            (long)options.Value.Lifetime.TotalSeconds,
            Guid.CreateVersion7(now).ToString(),
            ifMatch.Versions is { } versions ? $",{string.Join(',', versions)}," : "",
            keyed is null ? "" : Convert.ToHexString(keyed.Hash),
        ];

        RedisResult[] answer;
        try
        {
            answer = (RedisResult[])(await redis.GetDatabase().ScriptEvaluateAsync(script, keys, [.. common, .. arguments]).WaitAsync(Patience, time))!;
        }
        catch (Exception e) when (IsAway(e))
        {
            throw new DependencyUnavailableException(ResourceNames.Redis, "Carts are away.", e);
        }

        return ((CartOutcome)(int)answer[0], Parse((RedisValue[])answer[1]!));
    }

    /// <summary>
    /// Whether Redis is to blame. It answers ERR to what it can't do, and LOADING, READONLY, OOM and the like to what it can't do now. A
    /// connection that breaks while its client writes is told by what the write met: a pipe or a socket that is closed already. What could
    /// not be sent in time is cancelled, though nobody asked for it.
    /// </summary>
    private static bool IsAway(Exception e) =>
        e is RedisConnectionException or TimeoutException or InvalidOperationException or IOException or SocketException or OperationCanceledException
        || (e is RedisServerException && !e.Message.StartsWith("ERR", StringComparison.Ordinal));

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

    [LoggerMessage(EventId = 2001, EventName = "CartNotFinished", Level = LogLevel.Warning, Message = "{Cart} still holds what checkout {CheckoutId} ordered; its next checkout mends that")]
    private static partial void LogNotFinished(ILogger logger, string cart, Guid checkoutId, Exception cause);

    internal sealed record LineDetails(string Name, decimal UnitPrice);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CartStore.LineDetails))]
internal sealed partial class CartJson : JsonSerializerContext;
