using System.Globalization;
using System.Net;
using OrderService.Core.Orders;

namespace OrderService.Api.Clients;

/// <summary>A product that is for sale, as the Product service prices it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Price">Price of one piece, two decimals.</param>
/// <param name="Currency">ISO 4217.</param>
internal sealed record Product(string Id, string Name, decimal Price, string Currency);

/// <summary>A line that can't be reserved whole.</summary>
internal sealed record Shortage(string ProductId, int Requested, long Available);

/// <summary>How an attempt to reserve stock ended.</summary>
internal abstract record Reservation
{
    /// <summary>Every line is reserved, at these prices.</summary>
    internal sealed record Held(IReadOnlyDictionary<string, Product> Products) : Reservation;

    /// <summary>There is not enough of some products; nothing is reserved.</summary>
    internal sealed record Short(IReadOnlyList<Shortage> Shortages) : Reservation;

    /// <summary>Some products are unknown or not for sale; nothing is reserved.</summary>
    internal sealed record NotForSale(IReadOnlyList<string> Products) : Reservation;
}

/// <summary>The Product service: names, prices and stock.</summary>
internal sealed class ProductClient(HttpClient http)
{
    /// <summary>Above it a hundred lines of a thousand pieces would not fit into an order's amount.</summary>
    private const decimal HighestPrice = 9_999_999_999.99m;

    /// <summary>The product, or <c>null</c> if it is unknown or not for sale.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public Task<Product?> FindAsync(string productId, CancellationToken cancellationToken) =>
        ServiceClients.CallAsync(ResourceNames.Products, async () =>
        {
            using var answer = await http.GetAsync($"api/products/{Uri.EscapeDataString(productId)}", cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return null;
            }

            var product = answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(ClientJson.Default.ProductAnswer, cancellationToken)
                : null;
            return product is null ? throw ServiceClients.Unexpected(ResourceNames.Products, answer) : ForSale(product with { Id = productId });
        });

    /// <summary>Those of the products that are for sale. One call: the ids of a full cart fit into an address.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public async Task<IReadOnlyList<Product>> FindAllAsync(IEnumerable<string> productIds, CancellationToken cancellationToken) =>
        [.. (await ReadAllAsync(productIds, cancellationToken)).Select(ForSale).OfType<Product>()];

    /// <summary>What the service says of those of the products that it knows.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public Task<IReadOnlyList<ProductAnswer>> ReadAllAsync(IEnumerable<string> productIds, CancellationToken cancellationToken) =>
        ServiceClients.CallAsync(ResourceNames.Products, async () =>
        {
            using var answer = await http.GetAsync($"api/products?ids={string.Join(',', productIds)}", cancellationToken);
            var page = answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(ClientJson.Default.ProductPage, cancellationToken)
                : null;
            return page?.Items ?? throw ServiceClients.Unexpected(ResourceNames.Products, answer);
        });

    /// <summary>A page of all products, as the service describes them.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public Task<Catalogue> ReadPageAsync(int page, int size, CancellationToken cancellationToken) =>
        ServiceClients.CallAsync(ResourceNames.Products, async () =>
        {
            using var answer = await http.GetAsync(string.Create(CultureInfo.InvariantCulture, $"api/products?page={page}&size={size}"), cancellationToken);
            var read = answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(ClientJson.Default.Catalogue, cancellationToken)
                : null;
            return read is { Items: not null } ? read : throw ServiceClients.Unexpected(ResourceNames.Products, answer);
        });

    /// <summary>The product, or <c>null</c> if it is not for sale.</summary>
    /// <exception cref="DependencyUnavailableException">It is described in a way that makes no sense.</exception>
    public static Product? ForSale(ProductAnswer product) => product.Active
        ? Priced(product.Id, product.Name, product.Price, product.Currency)
            ?? throw ServiceClients.Unexpected(ResourceNames.Products, $"The product '{product.Id}' has no usable name, price or currency.")
        : null;

    /// <summary>Reserves all lines or none until <paramref name="expiresAt"/>. The same id and lines again are the same reservation.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away; whether it reserved is not known.</exception>
    public Task<Reservation> ReserveAsync(
        Guid reservationId,
        IReadOnlyList<ProductQuantity> lines,
        DateTimeOffset expiresAt,
        CancellationToken cancellationToken) =>
        ServiceClients.CallAsync<Reservation>(ResourceNames.Products, async () =>
        {
            using var answer = await http.PutAsJsonAsync(
                $"api/reservations/{reservationId}", new(lines, expiresAt), ClientJson.Default.ReservationRequest, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.Conflict)
            {
                return await answer.Content.ReadFromJsonAsync(ClientJson.Default.Refusal, cancellationToken) switch
                {
                    { Type: "urn:cloudforge:problem:insufficient-stock", Shortages: { Count: > 0 } shortages } => new Reservation.Short(shortages),
                    { Type: "urn:cloudforge:problem:product-unavailable", Products: { Count: > 0 } products } => new Reservation.NotForSale(products),
                    _ => throw ServiceClients.Unexpected(ResourceNames.Products, answer),
                };
            }

            var held = answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(ClientJson.Default.ReservationAnswer, cancellationToken)
                : null;
            return Held(lines, held?.Items) ?? throw ServiceClients.Unexpected(ResourceNames.Products, answer);
        });

    /// <summary>Gives the reserved stock back. An id that is not known yet can't be reserved afterwards.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public Task ReleaseAsync(Guid reservationId, CancellationToken cancellationToken) =>
        ServiceClients.CallAsync(ResourceNames.Products, async () =>
        {
            using var answer = await http.DeleteAsync($"api/reservations/{reservationId}", cancellationToken);
            return answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.NotFound
                ? true
                : throw ServiceClients.Unexpected(ResourceNames.Products, answer);
        });

    private static Reservation.Held? Held(IReadOnlyList<ProductQuantity> lines, IReadOnlyList<ReservationAnswerItem>? items)
    {
        var products = new Dictionary<string, Product>(StringComparer.Ordinal);
        foreach (var line in lines)
        {
            var item = items?.FirstOrDefault(item => item.ProductId == line.ProductId && item.Quantity == line.Quantity);
            if (item is null || Priced(item.ProductId, item.Name, item.UnitPrice, item.Currency) is not { } product)
            {
                return null;
            }

            products.Add(product.Id, product);
        }

        return new Reservation.Held(products);
    }

    private static Product? Priced(string? id, string? name, decimal price, string? currency) =>
        id is not null && name is not null && price is >= 0 and <= HighestPrice && currency is { Length: 3 } && currency.All(char.IsAsciiLetterUpper)
            ? new Product(id, name, decimal.Round(price, 2, MidpointRounding.AwayFromZero) + 0.00m, currency)
            : null;

    internal sealed record ProductAnswer(string Id, string Name, decimal Price, string Currency, bool Active);

    internal sealed record ProductPage(IReadOnlyList<ProductAnswer>? Items);

    internal sealed record Catalogue(IReadOnlyList<CatalogueProduct> Items, int Page, int Size, int TotalItems);

    internal sealed record CatalogueProduct(string Id, string Name, decimal Price, string Currency, long Available, bool Active);

    internal sealed record ReservationRequest(IReadOnlyList<ProductQuantity> Items, DateTimeOffset ExpiresAt);

    internal sealed record ReservationAnswer(IReadOnlyList<ReservationAnswerItem>? Items);

    /// <summary>Set and not constructed, which the serializer does in half the time; one is read for each line of an order.</summary>
    internal sealed class ReservationAnswerItem
    {
        public string? ProductId { get; set; }

        public string? Name { get; set; }

        public decimal UnitPrice { get; set; }

        public string? Currency { get; set; }

        public int Quantity { get; set; }
    }

    internal sealed record Refusal(string? Type, IReadOnlyList<Shortage>? Shortages, IReadOnlyList<string>? Products);
}
