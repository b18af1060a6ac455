using System.Security.Claims;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Which parked messages; all may be absent.</summary>
/// <param name="Direction"><c>INBOUND</c> or <c>OUTBOUND</c>; both without it.</param>
/// <param name="Type">Only messages of this type.</param>
/// <param name="OrderId">Only messages of this order.</param>
/// <param name="Limit">At most so many, 1 to 1,000, 100 by default.</param>
internal sealed record ReplayDeadLettersRequest(
    string? Direction = null, string? Type = null, string? OrderId = null, int? Limit = null);

/// <summary>What was done.</summary>
/// <param name="Replayed">How many messages are tried again.</param>
internal sealed record ReplayDeadLettersResponse(int Replayed);

/// <summary>POST /api/operations/dead-letters/replay. The oldest first.</summary>
internal static partial class ReplayDeadLetters
{
    private const int DefaultLimit = 100;
    /// <summary>Messages of one request, at most.</summary>
    public const int MaxLimit = 1_000;

    public static async Task<Results<Ok<ReplayDeadLettersResponse>, ProblemHttpResult>> HandleAsync(
        ReplayDeadLettersRequest? request,
        ClaimsPrincipal user,
        OrdersDbContext database,
        OutboxWakeup relays,
        TimeProvider time,
        ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var filter = DeadLetterFilter.Read(request?.Direction, request?.Type, request?.OrderId, errors);
        var limit = request?.Limit ?? DefaultLimit;
        if (limit is < 1 or > MaxLimit)
        {
            errors.Add("limit", $"Is a whole number from 1 to {MaxLimit}.");
        }

        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var inbound = filter.Inbound(database) is { } incoming
            ? await incoming.Where(message => message.NextAttemptAt == null)
                .OrderBy(message => message.FailedAt).Take(limit).Select(message => message.Id).ToListAsync(cancellationToken)
            : [];
        var outbound = filter.Outbound(database) is { } outgoing && inbound.Count < limit
            ? await outgoing.OrderBy(row => row.ParkedAt).Take(limit - inbound.Count).Select(row => row.Id).ToListAsync(cancellationToken)
            : [];
        var replayed = await DeadLetters.ReplayInboundAsync(database, inbound, time.Now(), cancellationToken)
            + await DeadLetters.ReplayOutboundAsync(database, relays, outbound, cancellationToken);

        var (logger, userId) = (loggers.CreateLogger(typeof(ReplayDeadLetters)), user.Id);
        LogReplayed(logger, userId, replayed, filter);
        return TypedResults.Ok(new ReplayDeadLettersResponse(replayed));
    }

    [LoggerMessage(EventId = 2302, EventName = "MessagesReplayed", Level = LogLevel.Information, Message = "{UserId} has {Count} parked messages tried again: {Filter}")]
    private static partial void LogReplayed(ILogger logger, Guid userId, int count, DeadLetterFilter filter);
}
