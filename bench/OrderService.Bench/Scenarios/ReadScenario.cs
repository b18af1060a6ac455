namespace OrderService.Bench.Scenarios;

/// <summary>GET /api/orders/{id} and the first page of GET /api/orders, of customers with few and with many orders.</summary>
internal sealed class ReadScenario : Scenario
{
    public const string Get = "get";
    public const string List = "list";

    /// <summary>A customer with ten orders.</summary>
    public const string Few = "of 10 orders";

    /// <summary>A customer with ten thousand orders.</summary>
    public const string Many = "of 10,000 orders";

    private const int Orders = 10_000;

    public override IReadOnlyList<string> Names => [Get, List];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        var graph = await bench.GraphAsync(cancellationToken);
        foreach (var database in new[] { graph.Orders, graph.LimitOrders })
        {
            await Shop.AddOrdersAsync(database, 0, Orders, Orders, cancellationToken);
            await Shop.AddCustomersAsync(database, cancellationToken);
            await Shop.AnalyzeAsync(database, cancellationToken);
        }

        if (bench.Wants(Get))
        {
            await bench.CompareAsync(
                Get,
                [PlaceScenario.Usual],
                [
                    One(graph.Product, await Shop.SomeOrdersAsync(graph.Orders, cancellationToken)),
                    One(graph.Limit, await Shop.SomeOrdersAsync(graph.LimitOrders, cancellationToken)),
                ],
                cancellationToken);
        }

        if (bench.Wants(List))
        {
            foreach (var (name, customer) in new[] { (Few, Shop.SmallCustomer), (Many, Shop.LargeCustomer) })
            {
                await bench.CompareAsync(
                    List, [(name, PlaceScenario.Usual.Clients)], [Page(graph.Product, customer), Page(graph.Limit, customer)], cancellationToken);
            }
        }
    }

    /// <summary>Orders in turn, each client from another one on.</summary>
    public static Call One(Subject subject, (Guid, Guid)[] orders) =>
        new(subject, (client, number) => subject.Requests.Get(orders[((client * 997) + number) % orders.Length]));

    /// <summary>The first page of a customer.</summary>
    public static Call Page(Subject subject, Guid customer) => new(subject, (_, _) => subject.Requests.List(customer));
}
