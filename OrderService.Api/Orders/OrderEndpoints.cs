namespace OrderService.Api.Orders;

/// <summary>The routes of orders. Those of the checkout are with the cart's.</summary>
internal static class OrderEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/api/orders").RequireAuthorization().WithTags("Orders")
            .ProducesProblem(StatusCodes.Status401Unauthorized)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

        orders.MapPost("", PlaceOrder.HandleAsync).WithSummary("Places an order");
        orders.MapGet("", ListOrders.HandleAsync).WithSummary("Lists orders, newest first");
        orders.MapGet("/{id:guid}", GetOrder.HandleAsync).WithSummary("Reads an order");
        orders.MapGet("/{id:guid}/history", GetOrderHistory.HandleAsync).WithSummary("Reads every transition of an order");
        orders.MapPut("/{id:guid}/cancel", CancelOrder.HandleAsync).WithSummary("Cancels a PENDING or CONFIRMED order");
    }
}
