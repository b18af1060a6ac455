namespace ProductService;

/// <summary>
/// A product as it is sold and stocked. <c>Available = Stock - Reserved</c>, and <c>Stock + Sold</c> changes only when
/// the product is put again, so that an auditor can account for every unit.
/// </summary>
/// <param name="Id">The shop's product number, such as <c>P-0001</c>.</param>
/// <param name="Name">The name that customers see.</param>
/// <param name="Price">The price of one unit, two decimals.</param>
/// <param name="Currency">The ISO 4217 code of <paramref name="Price"/>.</param>
/// <param name="Stock">Units on hand: not sold, the reserved ones included.</param>
/// <param name="Available">Units that a new reservation may take.</param>
/// <param name="Active">Whether new reservations are accepted.</param>
/// <param name="Reserved">Units held by open reservations.</param>
/// <param name="Sold">Units of committed reservations, less those given back, since this process started.</param>
internal sealed record Product(
    string Id, string Name, decimal Price, string Currency, long Stock, long Available, bool Active, long Reserved, long Sold);

/// <summary>What a product is set to; see <see cref="Product"/>.</summary>
internal sealed record ProductDetails(string Name, decimal Price, string Currency, long Stock, bool Active);

/// <summary>A page of products.</summary>
internal sealed record ProductPage(IReadOnlyList<Product> Items, int Page, int Size, int TotalItems);
