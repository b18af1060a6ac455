using System.Globalization;
using System.Text.Json;
using OrderService.Api.Carts;
using StackExchange.Redis;

namespace Limit;

/// <summary>Carts by the product's own scripts, one round trip each, with made-up names and prices.</summary>
internal sealed class CartHash(IDatabase redis)
{
    private const long Lifetime = 7 * 24 * 3600;
    private const long RefreshAfter = 30_000;

    private static readonly byte[] Details =
        JsonSerializer.SerializeToUtf8Bytes(new LineDetails(NameOf("B-001"), 12.34m), LimitJson.Default.LineDetails);

    private readonly byte[] _show = Load(redis, CartScripts.Show);
    private readonly byte[] _add = Load(redis, CartScripts.Add);
    private readonly byte[] _setQuantity = Load(redis, CartScripts.SetQuantity);

    /// <summary>A name as long as the product's.</summary>
    public static string NameOf(string product) => $"Thing {product} of the bench";

    /// <summary>The cart.</summary>
    public Task<Cart> ShowAsync(Guid user) => RunAsync(_show, user, RefreshAfter);

    /// <summary>Adds pieces of a product.</summary>
    public Task<Cart> AddAsync(Guid user, RequestedLine line) => RunAsync(_add, user, line.ProductId, line.Quantity, Details, "EUR");

    /// <summary>Sets the quantity of a product in the cart.</summary>
    public Task<Cart> SetQuantityAsync(Guid user, string product, int quantity) => RunAsync(_setQuantity, user, product, quantity);

    private static byte[] Load(IDatabase redis, string script)
    {
        var multiplexer = redis.Multiplexer;
        return multiplexer.GetServer(multiplexer.GetEndPoints()[0]).ScriptLoad(script);
    }

    private async Task<Cart> RunAsync(byte[] script, Guid user, params RedisValue[] arguments)
    {
        var now = DateTimeOffset.UtcNow;
        RedisValue[] common =
            [now.ToString("O", CultureInfo.InvariantCulture), now.ToUnixTimeMilliseconds(), Lifetime, Guid.CreateVersion7(now).ToString(), "", ""];
        var answer = (RedisResult[])(await redis.ScriptEvaluateAsync(script, [$"limit:cart:{{{user}}}"], [.. common, .. arguments]))!;
        return (int)answer[0] is 0 or 6
            ? Parse(user, (RedisValue[])answer[1]!)
            : throw new InvalidOperationException($"The script ended as {answer[0]}.");
    }

    private static Cart Parse(Guid user, RedisValue[] hash)
    {
        var fields = new Dictionary<string, RedisValue>(hash.Length / 2);
        for (var i = 0; i < hash.Length; i += 2)
        {
            fields[hash[i].ToString()] = hash[i + 1];
        }

        var numbered = new List<(int Number, PlacedLine Line)>();
        foreach (var (field, value) in fields)
        {
            if (field.StartsWith("q:", StringComparison.Ordinal))
            {
                var product = field[2..];
                var details = JsonSerializer.Deserialize((byte[])fields["d:" + product]!, LimitJson.Default.LineDetails)!;
                var quantity = (int)value;
                numbered.Add(((int)fields["n:" + product], new(product, details.Name, quantity, details.UnitPrice, details.UnitPrice * quantity)));
            }
        }

        numbered.Sort((a, b) => a.Number.CompareTo(b.Number));
        var lines = numbered.ConvertAll(line => line.Line);
        return new(
            user,
            lines,
            lines.Sum(line => line.TotalPrice),
            fields.TryGetValue("currency", out var currency) ? currency.ToString() : "EUR",
            lines.Sum(line => line.Quantity),
            fields.TryGetValue("updated", out var updated) ? DateTimeOffset.Parse(updated.ToString(), CultureInfo.InvariantCulture) : null);
    }
}

/// <summary>The routes of carts.</summary>
internal static class CartRoutes
{
    /// <summary>Maps show, add and set.</summary>
    public static void MapCarts(this IEndpointRouteBuilder app, CartHash carts)
    {
        app.MapGet("/cart", async (HttpContext http) => TypedResults.Ok(await carts.ShowAsync(http.UserId)));
        app.MapPost("/cart/items", async (RequestedLine body, HttpContext http) => TypedResults.Ok(await carts.AddAsync(http.UserId, body)));
        app.MapPut("/cart/items/{product}", async (string product, QuantityRequest body, HttpContext http) =>
            TypedResults.Ok(await carts.SetQuantityAsync(http.UserId, product, body.Quantity)));
    }
}
