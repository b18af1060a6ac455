namespace OrderService.Core.Orders;

/// <summary>One line of an order: a product, how many, and what it cost when it was ordered.</summary>
public sealed class OrderItem
{
    private OrderItem()
    {
    }

    internal OrderItem(Guid id, Guid orderId, int line, OrderLine ordered)
    {
        Id = id;
        OrderId = orderId;
        Line = line;
        ProductId = ordered.ProductId;
        ProductName = ordered.ProductName;
        Quantity = ordered.Quantity;
        UnitPrice = ordered.UnitPrice;
        TotalPrice = Money.LineTotal(ordered.UnitPrice, ordered.Quantity);
    }

    /// <summary>UUIDv7.</summary>
    public Guid Id { get; private init; }

    /// <summary>The order that the line belongs to.</summary>
    public Guid OrderId { get; private init; }

    /// <summary>Position in the order, from 1.</summary>
    public int Line { get; private init; }

    /// <summary>The Product service's id.</summary>
    public string ProductId { get; private init; } = "";

    /// <summary>The product's name when it was ordered.</summary>
    public string ProductName { get; private init; } = "";

    /// <summary>Pieces, 1 to <see cref="OrderLimits.MaxQuantity"/>.</summary>
    public int Quantity { get; private set; }

    /// <summary>Price of one piece in the order's currency.</summary>
    public decimal UnitPrice { get; private init; }

    /// <summary><see cref="UnitPrice"/> × <see cref="Quantity"/>, rounded.</summary>
    public decimal TotalPrice { get; private set; }

    /// <summary>Takes pieces off the line; one that has none left is no longer part of its order.</summary>
    internal void Take(int quantity)
    {
        Quantity -= quantity;
        TotalPrice = Money.LineTotal(UnitPrice, Quantity);
    }
}

/// <summary>A line as it is ordered, priced by the Product service.</summary>
/// <param name="ProductId">The Product service's id.</param>
/// <param name="ProductName">Its name.</param>
/// <param name="Quantity">Pieces.</param>
/// <param name="UnitPrice">Price of one piece.</param>
public sealed record OrderLine(string ProductId, string ProductName, int Quantity, decimal UnitPrice);

/// <summary>A product and how many pieces of it.</summary>
/// <param name="ProductId">The Product service's id.</param>
/// <param name="Quantity">Pieces.</param>
public sealed record ProductQuantity(string ProductId, int Quantity);

/// <summary>Bounds of what a customer may ask for.</summary>
public static class OrderLimits
{
    /// <summary>Pieces of one line.</summary>
    public const int MaxQuantity = 1_000;

    /// <summary>Lines of one cart or order.</summary>
    public const int MaxLines = 100;

    /// <summary>Characters of a product id.</summary>
    public const int ProductIdLength = 64;

    /// <summary>Characters of a product name.</summary>
    public const int ProductNameLength = 200;

    /// <summary>Characters of a shipping address.</summary>
    public const int AddressLength = 500;

    /// <summary>Characters of the notes to an order.</summary>
    public const int NotesLength = 1_000;

    /// <summary>Characters of the reason of a cancellation.</summary>
    public const int ReasonLength = 500;
}
