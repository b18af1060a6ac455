using OrderService.Api.Http;

namespace OrderService.Api.Orders;

/// <summary>The routes of orders. Those of the checkout are with the cart's.</summary>
internal static class OrderEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/api/orders").WithTags("Orders").RequireAuthorization().Refuses(401, 503);

        orders.MapPost("", PlaceOrder.HandleAsync).WithSummary("Places an order").Refuses(400, 403, 409, 413, 415, 422);
        orders.MapGet("", ListOrders.HandleAsync).WithSummary("Lists orders, newest first").Refuses(400);
        orders.MapGet("/{id}", GetOrder.HandleAsync).WithSummary("Reads an order").Produces(304).Refuses(404);
        orders.MapGet("/{id}/history", GetOrderHistory.HandleAsync).WithSummary("Reads every transition of an order").Produces(304).Refuses(404);
        orders.MapGet("/{id}/events", TrackOrder.HandleAsync).WithSummary("Follows an order live").Produces<OrderTransition>(200, "text/event-stream").Produces(204).Refuses(404);
        orders.MapPut("/{id}/cancel", CancelOrder.HandleAsync).WithSummary("Cancels a PENDING or CONFIRMED order").Refuses(400, 404, 409, 412, 413, 415);
        orders.MapPost("/{id}/cancellations", CancelItems.HandleAsync).WithSummary("Cancels pieces of a PENDING or CONFIRMED order").Refuses(400, 404, 409, 412, 413, 415, 422);
    }
}
