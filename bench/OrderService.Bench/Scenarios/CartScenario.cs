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
        var graph = await bench.GraphAsync(cancellationToken);
        Subject[] sides = [graph.Product, graph.Limit];
        foreach (var side in sides)
        {
            await Shop.FillCartsAsync(side.Load, side.Requests, cancellationToken);
        }

        foreach (var (name, call) in new (string, Func<Requests, NextRequest>)[]
        {
            (Set, requests => requests.SetQuantity),
            (Add, requests => requests.AddToCart),
            (Get, requests => requests.ShowCart),
        })
        {
            if (bench.Wants(name))
            {
                await bench.CompareAsync(
                    name, [PlaceScenario.Usual], [.. sides.Select(side => new Call(side, call(side.Requests)))], cancellationToken);
            }
        }
    }
}
