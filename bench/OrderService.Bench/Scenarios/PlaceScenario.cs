using System.Globalization;
using System.Net;

namespace OrderService.Bench.Scenarios;

/// <summary>POST /api/orders with everything: three lines, a new idempotency key each, many customers.</summary>
internal sealed class PlaceScenario : Scenario
{
    public const string Name = "place";

    public override IReadOnlyList<string> Names => [Name];

    /// <summary>The name of a variant.</summary>
    public static string Variant(int clients) => string.Create(CultureInfo.InvariantCulture, $"{clients} clients");

    public override Task RunAsync(Bench bench, CancellationToken cancellationToken) => bench.CompareAsync(
        Name,
        [.. bench.Settings.Clients.Select(clients => (Variant(clients), clients))],
        new(bench.Product.Place, HttpStatusCode.Created),
        new(bench.Limit.Place, HttpStatusCode.Created),
        cancellationToken);
}
