namespace ProductService;

/// <summary>The catalogue of a fresh start: <c>P-0001</c> to <c>P-1000</c>, always the same.</summary>
internal static class Seed
{
    private const int Products = 1000;
    private const int Stock = 1000;

    private static readonly string[] Qualities = ["Compact", "Classic", "Foldable", "Light", "Nordic", "Sturdy", "Travel", "Urban", "Vintage", "Everyday"];
    private static readonly string[] Materials = ["Steel", "Oak", "Ceramic", "Linen", "Leather", "Glass", "Bamboo", "Copper", "Wool", "Cork"];
    private static readonly string[] Things = ["Kettle", "Lamp", "Bottle", "Backpack", "Notebook", "Chair", "Clock", "Tray", "Mug", "Basket"];

    /// <summary>Puts the seeded products into <paramref name="inventory"/>.</summary>
    public static void Fill(Inventory inventory)
    {
        for (var number = 1; number <= Products; number++)
        {
            inventory.Put($"P-{number:0000}", new($"{Pick(Qualities, number / 100)} {Pick(Materials, number / 10)} {Pick(Things, number)}", Price(number), "EUR", Stock, Active: true));
        }
    }

    private static string Pick(string[] words, int index) => words[index % words.Length];

    /// <summary>
    /// 4.95 to 204.90. Always a multiple of 0.05, so that no order of seeded products totals an amount ending in .13,
    /// which the payment simulator declines.
    /// </summary>
    private static decimal Price(int number) => new(495 + (number * 2749 % 4000 * 5), 0, 0, isNegative: false, scale: 2);
}
