using System.Net;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Books;

/// <summary>What was asked of the shop and how it answered: all that an outsider needs to know how the books should be.</summary>
internal sealed class Ledger(IReadOnlyList<Customer> customers, IReadOnlyList<Shelf> shelves)
{
    private static readonly decimal[] Prices = [19.99m, 0.05m, 120.50m];

    private readonly Dictionary<Guid, PlacedOrder> _byId = [];

    public IReadOnlyList<Customer> Customers => customers;

    public IReadOnlyList<Shelf> Shelves => shelves;

    /// <summary>In the order of their coming into being; those of one scene in the order of its steps.</summary>
    public List<PlacedOrder> Orders { get; } = [];

    /// <summary>Events that were published, in the order of the steps.</summary>
    public List<SentEvent> Events { get; } = [];

    /// <summary>Pieces that should be in the carts, by customer and product.</summary>
    public Dictionary<(Customer, string), int> Carts { get; } = [];

    /// <summary>The orders that idempotency keys were answered with, by customer and key.</summary>
    public Dictionary<(Guid, string), PlacedOrder> Keys { get; } = [];

    /// <summary>Pieces that are reserved under ids that never became orders and are given back at their expiry, by product.</summary>
    public Dictionary<string, int> Orphaned { get; } = [];

    /// <summary>Answers that should not have been.</summary>
    public List<string> Findings { get; } = [];

    /// <summary>What happened, to read.</summary>
    public List<string> Diary { get; } = [];

    /// <summary>Three products of this story's own, of which there are so many, and customers whose carts are empty.</summary>
    public static async Task<Ledger> OpenAsync(ShopFixture shop, IReadOnlyList<Customer> customers, IReadOnlyList<int> pieces)
    {
        var shelves = new List<Shelf>();
        foreach (var (stock, price) in pieces.Zip(Prices))
        {
            shelves.Add(new Shelf(await shop.NewProductAsync(price, stock), Story.Products[shelves.Count], stock, [price]));
        }

        return new Ledger(customers, shelves);
    }

    /// <summary>What a customer is called.</summary>
    public string NameOf(Customer customer) =>
        customers.Count == Story.Customers.Count ? Story.Customers[customers.ToList().IndexOf(customer)] : $"customer {customer.UserId}";

    /// <summary>The orders whose ids are those of the answers 201; new ones are noted.</summary>
    public List<PlacedOrder> Note(Customer customer, IEnumerable<Answer> answers, out List<PlacedOrder> isNew)
    {
        var orders = new List<PlacedOrder>();
        isNew = [];
        foreach (var answer in answers.Where(answer => answer.Status == HttpStatusCode.Created))
        {
            if (!_byId.TryGetValue(answer.Id, out var order))
            {
                order = new PlacedOrder(answer.Id, Orders.Count, customer, PlacedOrder.LinesOf(answer.Body));
                _byId.Add(order.Id, order);
                Orders.Add(order);
                isNew.Add(order);
            }

            orders.Add(order);
        }

        return orders;
    }

    /// <summary>Pieces come into a cart, or leave it.</summary>
    public void Count(Customer customer, string product, int pieces) =>
        Carts[(customer, product)] = Carts.GetValueOrDefault((customer, product)) + pieces;
}

/// <summary>A product of the story.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Letter">What the story calls it.</param>
/// <param name="Stock">Pieces at the beginning.</param>
/// <param name="Prices">All that it ever cost.</param>
internal sealed record Shelf(string Id, string Letter, int Stock, List<decimal> Prices);

/// <summary>A payment or a step of the fulfilment.</summary>
/// <param name="Order">The order that it is about.</param>
/// <param name="Deed">Which of them.</param>
/// <param name="Amount">What a payment is of.</param>
/// <param name="Id">The event's id.</param>
internal sealed record SentEvent(PlacedOrder Order, Deed Deed, decimal Amount, string Id)
{
    public override string ToString() => $"{Deed} {Amount} for {Order} as {Id}";
}

/// <summary>An order and what was asked of it and answered.</summary>
internal sealed record PlacedOrder(Guid Id, int Number, Customer Customer, IReadOnlyDictionary<string, int> Placed)
{
    /// <summary>Pieces whose cancellation was answered with 200, by product.</summary>
    public Dictionary<string, int> Cancelled { get; } = [];

    /// <summary>An answer said CANCELLED.</summary>
    public bool SaidCancelled { get; set; }

    /// <summary>Nobody paid it in time.</summary>
    public bool IsForgotten { get; set; }

    /// <summary>Pieces by product of an order as it is shown.</summary>
    public static Dictionary<string, int> LinesOf(JsonElement order) => order.GetProperty("items").EnumerateArray()
        .ToDictionary(item => item.GetProperty("productId").GetString()!, item => item.GetProperty("quantity").GetInt32());

    public override string ToString() => $"order {Number}, {Id}";
}
