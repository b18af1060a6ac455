namespace OrderService.Bench.Scenarios;

/// <summary>Carts of three lines: shown, added to, changed. The limit runs the same script in Redis.</summary>
internal sealed class CartScenario : Scenario
{
    public const string Get = "cart-get";
    public const string Add = "cart-add";
    public const string Set = "cart-set";

    public override IReadOnlyList<string> Names => [Get, Add, Set];

    public override async Task RunAsync(Bench bench, CancellationToken cancellationToken)
    {
        await bench.GraphAsync(cancellationToken);
        await Shop.FillCartsAsync(bench.Api, bench.Product, cancellationToken);
        await Shop.FillCartsAsync(bench.LimitLoad, bench.Limit, cancellationToken);
        await CompareAsync(Set, requests => requests.SetQuantity);
        await CompareAsync(Add, requests => requests.AddToCart);
        await CompareAsync(Get, requests => requests.ShowCart);

        async Task CompareAsync(string name, Func<Requests, NextRequest> call)
        {
            if (bench.Wants(name))
            {
                await bench.CompareAsync(
                    name, [(PlaceScenario.Variant(Settings.UsualClients), Settings.UsualClients)], new(call(bench.Product)), new(call(bench.Limit)), cancellationToken);
            }
        }
    }
}
