using OrderService.Api.Http;

namespace OrderService.Api.Operations;

/// <summary>The routes of those who operate the service.</summary>
internal static class OperationsEndpoints
{
    /// <summary>Maps the routes.</summary>
    public static void MapOperations(this IEndpointRouteBuilder app)
    {
        var operations = app.MapGroup("/api/operations").WithTags("Operations").RequireAuthorization(Identity.Operate);

        operations.MapGet("/outbox", GetOutbox.HandleAsync).WithSummary("Tells how much waits to be sent, and for how long");

        var deadLetters = operations.MapGroup("/dead-letters");
        deadLetters.MapGet("", ListDeadLetters.HandleAsync).WithSummary("Lists parked messages, newest first").Refuses("validation");
        deadLetters.MapGet("/{id}", GetDeadLetter.HandleAsync).WithSummary("Reads a parked message with all that it carries").Refuses("dead-letter-not-found");
        deadLetters.MapPost("/{id}/replay", ReplayDeadLetter.HandleAsync).WithSummary("Has a parked message tried again").Refuses("dead-letter-not-found");
        deadLetters.MapPost("/replay", ReplayDeadLetters.HandleAsync).WithSummary("Has many parked messages tried again");
    }
}
