using Stubs;

namespace PaymentSimulator;

/// <summary>The page at <c>/</c>.</summary>
internal static class Page
{
    private const string About = """
        <p>Plays the shop's payment provider, warehouse and carrier for development and tests. It reads
        <code>cloudforge.orders</code> and publishes to <code>cloudforge.payments</code> and <code>cloudforge.fulfilment</code>.</p>
        <p>In auto mode a placed order is paid at once (an amount ending in .13 is declined), and a second after each of
        order.confirmed, order.processing and order.shipped the next step follows: picked, picked up, delivered.
        In manual mode nothing happens by itself; an order event read in that mode is not made up for later, so drive
        that order on by hand.</p>
        """;

    private static readonly RouteHelp[] Routes =
    [
        new("GET /mode", "The mode: auto or manual.", "curl {host}/mode"),
        new("PUT /mode", "Sets it until the next restart, which takes it from the setting Mode.", "curl -X PUT {host}/mode --json '{\"mode\":\"manual\"}'"),
        new("POST /orders/{id}/pay", "Publishes payment.succeeded or payment.failed. Optional: eventId (to send one event twice), amount and currency (the order's own unless given).", "curl {host}/orders/$ORDER/pay --json '{\"outcome\":\"succeeded\"}'"),
        new("POST /orders/{id}/fulfil", "Publishes fulfilment.picked, picked-up or delivered. Optional: eventId.", "curl {host}/orders/$ORDER/fulfil --json '{\"step\":\"picked\"}'"),
    ];

    /// <summary>Maps the page.</summary>
    public static void MapPage(this IEndpointRouteBuilder app) =>
        app.MapGet("/", (HttpRequest request, Simulation simulation) => StubPage.Render(request, "Payment simulator", About, State(simulation), Routes)).ExcludeFromDescription();

    private static IEnumerable<(string, object)> State(Simulation simulation) =>
    [
        ("Mode", simulation.Mode.ToString().ToLowerInvariant()),
        ("Order events read", simulation.Consumed),
        ("Malformed, skipped", simulation.Skipped),
        ("Events published", simulation.Published),
    ];
}
