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
            await Shop.AddOrdersAsync(database, 0, Orders, cancellationToken);
            await Shop.AddCustomersAsync(database, cancellationToken);
            await Shop.AnalyzeAsync(database, cancellationToken);
        }

        if (bench.Wants(Get))
        {
            var (product, limit) = (await Shop.SomeOrdersAsync(graph.Orders, cancellationToken), await Shop.SomeOrdersAsync(graph.LimitOrders, cancellationToken));
            await bench.CompareAsync(Get, [(PlaceScenario.Variant(Settings.UsualClients), Settings.UsualClients)], One(bench.Product, product), One(bench.Limit, limit), cancellationToken);
        }

        if (bench.Wants(List))
        {
            await bench.CompareAsync(List, [(Few, Settings.UsualClients)], Page(bench.Product, Shop.SmallCustomer), Page(bench.Limit, Shop.SmallCustomer), cancellationToken);
            await bench.CompareAsync(List, [(Many, Settings.UsualClients)], Page(bench.Product, Shop.LargeCustomer), Page(bench.Limit, Shop.LargeCustomer), cancellationToken);
        }
    }

    /// <summary>Orders in turn, each client from another one on.</summary>
    public static Call One(Requests requests, (Guid, Guid)[] orders) =>
        new((client, number) => requests.Get(orders[((client * 997) + number) % orders.Length]));

    /// <summary>The first page of a customer.</summary>
    public static Call Page(Requests requests, Guid customer) => new((_, _) => requests.List(customer));
}
