using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Orders;

/// <summary>An order as clients see it.</summary>
/// <param name="Id">UUIDv7.</param>
/// <param name="UserId">The customer.</param>
/// <param name="Status">Where it is in its life.</param>
/// <param name="TotalAmount">Sum of the lines' totals.</param>
/// <param name="Currency">ISO 4217, of all amounts.</param>
/// <param name="ShippingAddress">Where to send it.</param>
/// <param name="Notes">What the customer added.</param>
/// <param name="Items">The lines.</param>
/// <param name="CreatedAt">When it was placed, UTC.</param>
/// <param name="UpdatedAt">When it last changed, UTC.</param>
internal sealed record OrderResponse(
    Guid Id,
    Guid UserId,
    OrderStatus Status,
    decimal TotalAmount,
    string Currency,
    string ShippingAddress,
    string? Notes,
    IReadOnlyList<OrderItemResponse> Items,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt)
{
    /// <summary>Shows an order.</summary>
    public static OrderResponse Of(Order order) => new(
        order.Id,
        order.UserId,
        order.Status,
        order.TotalAmount,
        order.Currency,
        order.ShippingAddress,
        order.Notes,
        [.. order.Items
            .OrderBy(item => item.Line)
            .Select(item => new OrderItemResponse(item.Id, item.ProductId, item.ProductName, item.Quantity, item.UnitPrice, item.TotalPrice))],
        order.CreatedAt,
        order.UpdatedAt);

    /// <summary>Where an order is read.</summary>
    public static string LocationOf(Guid id) => $"/api/orders/{id}";

    /// <summary>404, for an unknown order as for somebody else's.</summary>
    public static ProblemHttpResult NotFound() =>
        Problems.Of(StatusCodes.Status404NotFound, "order-not-found", "There is no order with this id.");
}

/// <summary>A line of an order as clients see it.</summary>
internal sealed record OrderItemResponse(Guid Id, string ProductId, string ProductName, int Quantity, decimal UnitPrice, decimal TotalPrice);
