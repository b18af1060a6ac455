using OrderService.Api.Http;

namespace OrderService.Api.Orders;

/// <summary>The routes of orders. Those of the checkout are with the cart's.</summary>
internal static class OrderEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapOrders(this IEndpointRouteBuilder app)
    {
        var orders = app.MapGroup("/api/orders").WithTags("Orders").RequireAuthorization();

        orders.MapPost("", PlaceOrder.HandleAsync).WithSummary("Places an order").TellsVersion().PlacesOrders()
            .Refuses(ProblemCatalog.OfPlacements);
        orders.MapGet("", ListOrders.HandleAsync).WithSummary("Lists orders, newest first").Refuses("validation");
        orders.MapGet("/{id}", GetOrder.HandleAsync).WithSummary("Reads an order").TellsVersion().Produces(304).Refuses("order-not-found");
        orders.MapGet("/{id}/history", GetOrderHistory.HandleAsync).WithSummary("Reads every transition of an order").TellsVersion().Produces(304)
            .Refuses("order-not-found");
        orders.MapGet("/{id}/events", TrackOrder.HandleAsync).WithSummary("Follows an order live; 204 once there is nothing to come")
            .Produces<OrderTransition>(200, "text/event-stream").Produces(204).Streams()
            .Refuses("order-not-found");
        orders.MapPut("/{id}/cancel", CancelOrder.HandleAsync).WithSummary("Cancels a PENDING or CONFIRMED order").TellsVersion()
            .Refuses("order-not-found", "order-not-cancellable");
        orders.MapPost("/{id}/cancellations", CancelItems.HandleAsync).WithSummary("Cancels pieces of a PENDING or CONFIRMED order").TellsVersion()
            .Refuses("order-not-found", "order-not-cancellable", "lines-not-cancellable", "request-in-progress");
    }
}
