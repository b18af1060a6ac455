using OrderService.Api.Clients;
using OrderService.Api.Orders;
using OrderService.Core.Orders;

namespace OrderService.Api.Http;

/// <summary>A problem that clients may meet.</summary>
/// <param name="Name">The stable last part of its <c>type</c>.</param>
/// <param name="Status">Its HTTP status.</param>
/// <param name="When">When it is given, as the document tells it.</param>
/// <param name="Extension">The member that it has besides those of RFC 9457.</param>
/// <param name="ExtensionType">What that member holds.</param>
/// <param name="Example">An example of that member.</param>
/// <param name="Retry">Whether the answer carries <c>Retry-After</c>.</param>
internal sealed record ProblemKind(
    string Name, int Status, string When, string? Extension = null, Type? ExtensionType = null, object? Example = null, bool Retry = false);

/// <summary>Every problem of this service.</summary>
internal static class ProblemCatalog
{
    /// <summary>What every route may answer.</summary>
    public static IReadOnlyList<string> Everywhere { get; } = ["too-many-requests", "internal-server-error", "unavailable", "overloaded"];

    /// <summary>What every route with a body may answer.</summary>
    public static IReadOnlyList<string> OfBodies { get; } =
        ["malformed-body", "validation", "request-timeout", "payload-too-large", "unsupported-media-type"];

    /// <summary>What every route with an <c>Idempotency-Key</c> may answer.</summary>
    public static IReadOnlyList<string> OfKeys { get; } = ["validation", "idempotency-key-reused"];

    /// <summary>What every route that places an order may answer.</summary>
    public static string[] OfPlacements =>
        ["customer-not-allowed", "insufficient-stock", "product-unavailable", "mixed-currencies", "request-in-progress"];

    /// <summary>All, by status.</summary>
    public static IReadOnlyList<ProblemKind> All { get; } =
    [
        new("malformed-body", 400, "The body is not the JSON object that the route reads."),
        new(
            "validation", 400, "Fields, parameters or headers are invalid; `errors` names each.",
            "errors", typeof(Dictionary<string, string[]>), new Dictionary<string, string[]> { ["items[0].quantity"] = ["Is a whole number from 1 to 1000."] }),
        new("unauthorized", 401, "The request names no user: no token or header, or one that does not count."),
        new("customer-not-allowed", 403, "The customer is unknown or may not order."),
        new("forbidden", 403, $"The user does not have the role `{Identity.Operate}`."),
        new("not-found", 404, "There is nothing at this address."),
        new("cart-item-not-found", 404, "The product is not in the cart."),
        new("dead-letter-not-found", 404, "There is no such message: there never was, or it has arrived since."),
        new("order-not-found", 404, "There is no order with this id, or it is somebody else's."),
        new("product-not-found", 404, "There is no such product for sale."),
        new("method-not-allowed", 405, "The address knows other methods; `Allow` lists them."),
        new("request-timeout", 408, "The body did not arrive in time."),
        new("cart-busy", 409, "The cart changes all the time: other checkouts or merges are going on.", Retry: true),
        new("cart-empty", 409, "There is nothing in the cart to order."),
        new("cart-full", 409, $"Both carts together hold more than {OrderLimits.MaxLines} products."),
        new("export-in-progress", 409, "This replica exports already; one export at a time.", Retry: true),
        new("import-in-progress", 409, "This replica imports already; one import at a time.", Retry: true),
        new(
            "insufficient-stock", 409, "There is not enough of some products; `shortages` lists every one.",
            "shortages", typeof(IReadOnlyList<Shortage>), new[] { new Shortage("P-0001", 3, 1) }),
        new(
            "lines-not-cancellable", 409, "The order has fewer pieces of some products than were to be cancelled; `lines` lists them.",
            "lines", typeof(IReadOnlyList<LineNotCancellable>), new[] { new LineNotCancellable("P-0001", 3, 2) }),
        new("mixed-currencies", 409, "The products are priced in several currencies."),
        new("order-not-cancellable", 409, "The order is too far in its life to be cancelled."),
        new(
            "price-changed", 409, "Prices are not what the cart showed; `changes` lists them, and the cart shows the new ones. The repeat goes through.",
            "changes", typeof(IReadOnlyList<PriceChange>), new[] { new PriceChange("P-0001", 19.99m, 24.99m, "EUR") }),
        new(
            "product-unavailable", 409, "Products are unknown or no longer for sale; `products` lists them.",
            "products", typeof(IReadOnlyList<string>), new[] { "P-0001" }),
        new("request-in-progress", 409, "The first request with this Idempotency-Key is not answered yet.", Retry: true),
        new("precondition-failed", 412, "The resource is not of a version that `If-Match` names."),
        new("payload-too-large", 413, $"The body has more than {HttpContract.MaxBodySize / 1024} KiB."),
        new("unsupported-media-type", 415, "The body is of another type than the route reads, which is application/json unless it says otherwise, or not in UTF-8."),
        new("idempotency-key-reused", 422, "This Idempotency-Key came with another request before."),
        new("too-many-requests", 429, "There were too many requests of this user or from this address.", Retry: true),
        new("internal-server-error", 500, "Something went wrong here; the log has it under the trace id."),
        new("overloaded", 503, "There is more to do than the service can do in time; nothing was begun.", Retry: true),
        new("unavailable", 503, "Something that the request needs does not answer; `dependency` names it.", "dependency", typeof(string), ResourceNames.Products, Retry: true),
    ];

    /// <summary>The problem of this name.</summary>
    /// <exception cref="InvalidOperationException">It is not in the catalog.</exception>
    public static ProblemKind Find(string name) => All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new InvalidOperationException($"There is no problem '{name}' in {nameof(ProblemCatalog)}.");
}
