using Stubs;

namespace ProductService;

/// <summary>The page at <c>/</c>.</summary>
internal static class Page
{
    private const string Reservation = "{host}/api/reservations/01990000-0000-7000-8000-000000000001";

    private static readonly RouteHelp[] Routes =
    [
        new("GET /api/products?page&size or ?ids=a,b", "Products by page (size 1 to 100), or the known ones of a list.", "curl '{host}/api/products?ids=P-0001,P-0002'"),
        new("GET /api/products/{id}", "One product. stock is on hand, available is stock - reserved, and stock + sold changes only when the product is put.", "curl {host}/api/products/P-0001"),
        new("PUT /api/products/{id}", "Creates (201) or replaces (200) a product; active is true unless given. What is reserved and sold stays.", "curl -X PUT {host}/api/products/P-2001 --json '{\"name\":\"Tea\",\"price\":4.20,\"currency\":\"EUR\",\"stock\":5}'"),
        new("PUT /api/reservations/{id}", "Reserves every line or nothing: 409 lists the short ones. The same request again gets the same answer, other items under the same id 409. At expiresAt an uncommitted reservation goes back by itself.", $"curl -X PUT {Reservation} --json '{{\"items\":[{{\"productId\":\"P-0001\",\"quantity\":2}}],\"expiresAt\":\"2099-01-01T00:00:00Z\"}}'"),
        new("GET /api/reservations/{id}", "The reservation as it stands: reserved, committed, released or expired.", $"curl {Reservation}"),
        new("POST /api/reservations/{id}/commit", "Sells what is reserved. Again: the same answer. After its release or expiry: 409.", $"curl -X POST {Reservation}/commit"),
        new("PATCH /api/reservations/{id}", "Releases a part: each quantity is what stays reserved (or sold). Products that are not listed keep theirs, and nothing is ever raised, so that a repeat, or one after the release or expiry, changes nothing.", $"curl -X PATCH {Reservation} --json '{{\"items\":[{{\"productId\":\"P-0001\",\"quantity\":1}}]}}'"),
        new("DELETE /api/reservations/{id}", "Releases everything, sold units too. Always 204; a reservation of this id that arrives later is refused.", $"curl -X DELETE {Reservation}"),
    ];

    /// <summary>Maps the page.</summary>
    public static void MapPage(this IEndpointRouteBuilder app) =>
        app.MapGet("/", (HttpRequest request, Inventory inventory) => StubPage.Render(request, "Product service", About, State(inventory), Routes)).ExcludeFromDescription();

    private const string About = """
        <p>A stub of the shop's product service: products, their stock, and reservations of it, for development and tests.</p>
        <p>Everything lives in memory. A restart brings back products P-0001 to P-1000 with 1,000 units each and forgets
        all reservations, while orders in PostgreSQL live on.</p>
        """;

    private static IEnumerable<(string, object)> State(Inventory inventory)
    {
        yield return ("Products", inventory.List(0, 1).TotalItems);
        var counts = inventory.CountReservations();
        foreach (var state in Enum.GetValues<ReservationState>())
        {
            yield return ($"Reservations {state.ToString().ToLowerInvariant()}", counts.GetValueOrDefault(state));
        }
    }
}
