using System.Text.Json;
using System.Text.Json.Serialization;

namespace Limit;

/// <summary>The body of an order, as the product takes it.</summary>
internal sealed record OrderRequest(IReadOnlyList<RequestedLine> Items, string ShippingAddress, string? Notes);

/// <summary>A product and how many pieces of it; the body of an addition to a cart as well.</summary>
internal sealed record RequestedLine(string ProductId, int Quantity);

/// <summary>The body of a change to a cart.</summary>
internal sealed record QuantityRequest(int Quantity);

/// <summary>An order, as the product shows it.</summary>
internal sealed record Order(
    Guid Id,
    Guid UserId,
    string Status,
    decimal TotalAmount,
    string Currency,
    string ShippingAddress,
    string? Notes,
    IReadOnlyList<Line> Items,
    DateTime CreatedAt,
    DateTime UpdatedAt);

/// <summary>A line of an order, as the product shows it.</summary>
internal sealed record Line(Guid Id, string ProductId, string ProductName, int Quantity, decimal UnitPrice, decimal TotalPrice);

/// <summary>A page of orders, as the product shows it.</summary>
internal sealed record OrderPage(IReadOnlyList<Order> Items, int Page, int Size, string? Next);

/// <summary>The event of a placed order, as the product publishes it.</summary>
internal sealed record OrderPlaced(
    Guid OrderId,
    Guid UserId,
    decimal TotalAmount,
    string Currency,
    IReadOnlyList<PlacedLine> Items,
    string ShippingAddress,
    string? Notes,
    DateTime PlacedAt);

/// <summary>A line of <see cref="OrderPlaced"/>, or of a cart, as the product shows it.</summary>
internal sealed record PlacedLine(string ProductId, string ProductName, int Quantity, decimal UnitPrice, decimal TotalPrice);

/// <summary>A cart, as the product shows it.</summary>
internal sealed record Cart(Guid? UserId, IReadOnlyList<PlacedLine> Items, decimal Total, string Currency, int ItemCount, DateTimeOffset? UpdatedAt);

/// <summary>Name and price of a line, as the product keeps them in Redis.</summary>
internal sealed record LineDetails(string Name, decimal UnitPrice);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OrderRequest))]
[JsonSerializable(typeof(RequestedLine))]
[JsonSerializable(typeof(QuantityRequest))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(Cart))]
[JsonSerializable(typeof(LineDetails))]
[JsonSerializable(typeof(Drained))]
internal sealed partial class LimitJson : JsonSerializerContext;
