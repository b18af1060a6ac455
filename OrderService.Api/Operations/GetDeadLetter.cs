using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>GET /api/operations/dead-letters/{id}</summary>
internal static class GetDeadLetter
{
    public static async Task<Results<Ok<DeadLetterDetail>, ProblemHttpResult>> HandleAsync(
        string id, OrdersDbContext database, CancellationToken cancellationToken) =>
        await DeadLetters.FindAsync(database, id, cancellationToken) is { } found ? TypedResults.Ok(found) : DeadLetters.NotFound();
}
