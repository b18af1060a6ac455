using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Http;

namespace OrderService.Api.Operations;

/// <summary>The routes of those who operate the service.</summary>
internal static class OperationsEndpoints
{
    /// <summary>Adds what the routes need.</summary>
    public static void AddOperations(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<OperationsOptions>().BindConfiguration(OperationsOptions.Section)
            .Validate(OperationsOptions.IsValid, OperationsOptions.Failure)
            .ValidateOnStart();
        builder.Services.AddSingleton<OrderFigures>();
        builder.Services.AddSingleton<OrderRecordReader>();
    }

    /// <summary>Maps the routes.</summary>
    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        var operations = app.MapGroup("/api/operations").WithTags("Operations").RequireAuthorization(Identity.Operate);

        operations.MapGet("/outbox", GetOutbox.HandleAsync).WithSummary("Tells how much waits to be sent, and for how long");

        operations.MapPost("/import", ImportOrders.HandleAsync).WithSummary("Imports orders of another system, one a line; safe to repeat")
            .Accepts<OrderRecord>(OrderRecord.MediaType).WithMetadata(new DisableRequestSizeLimitAttribute()).Streams()
            .Refuses("import-in-progress");
        operations.MapGet("/export", ExportOrders.Handle).WithSummary("Exports orders as an import reads them")
            .Produces<OrderRecord>(200, OrderRecord.MediaType).Streams()
            .Refuses("validation", "export-in-progress");

        operations.MapGet("/summary", GetSummary.HandleAsync).WithSummary("Tells how the newest orders are getting on, and how many are placed in a minute");

        var orders = operations.MapGroup("/orders");
        orders.MapGet("", SearchOrders.HandleAsync).WithSummary("Finds orders of all customers, newest first").Refuses("validation");
        orders.MapGet("/{id}", GetOrderStory.HandleAsync).WithSummary("Tells an order's story: its history, its events, what came for it").Refuses("order-not-found");

        var deadLetters = operations.MapGroup("/dead-letters");
        deadLetters.MapGet("", ListDeadLetters.HandleAsync).WithSummary("Lists parked messages, newest first").Refuses("validation");
        deadLetters.MapGet("/{id}", GetDeadLetter.HandleAsync).WithSummary("Reads a parked message with all that it carries").Refuses("dead-letter-not-found");
        deadLetters.MapPost("/{id}/replay", ReplayDeadLetter.HandleAsync).WithSummary("Has a parked message tried again").Refuses("dead-letter-not-found");
        deadLetters.MapPost("/replay", ReplayDeadLetters.HandleAsync).WithSummary("Has many parked messages tried again");
    }
}
