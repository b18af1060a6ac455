using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>POST /api/operations/dead-letters/{id}/replay. One that is being tried again already stays as it is.</summary>
internal static partial class ReplayDeadLetter
{
    public static async Task<Results<Ok<DeadLetterDetail>, ProblemHttpResult>> HandleAsync(
        string id,
        ClaimsPrincipal user,
        OrdersDbContext database,
        OutboxWakeup relays,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        if (await DeadLetters.FindAsync(database, id, cancellationToken) is not { } found)
        {
            return DeadLetters.NotFound();
        }

        if (found.State == DeadLetterState.Waiting)
        {
            return TypedResults.Ok(found);
        }

        var (logger, userId) = (loggers.CreateLogger(typeof(ReplayDeadLetter)), user.Id);
        LogReplayed(logger, userId, found.Direction, found.Type, found.Id, found.Key);
        if (found.Direction == DeadLetterDirection.Inbound)
        {
            var now = time.Now();
            await DeadLetters.ReplayInboundAsync(database, [found.Id], now, cancellationToken);
            return TypedResults.Ok(found with { State = DeadLetterState.Waiting, Attempts = 0, NextAttemptAt = now });
        }

        await DeadLetters.ReplayOutboundAsync(database, relays, [found.Id], cancellationToken);
        return TypedResults.Ok(found with { State = DeadLetterState.Waiting, Error = null, FailedAt = null });
    }

    [LoggerMessage(EventId = 2301, EventName = "MessageReplayed", Level = LogLevel.Information, Message = "{UserId} has {Direction} {Type} {Id} with key {Key} tried again")]
    private static partial void LogReplayed(ILogger logger, Guid userId, DeadLetterDirection direction, string? type, Guid id, string? key);
}
