using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Clients;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Http;

/// <summary>
/// Exceptions that have an answer of their own: a request that can't be read, a rule that refuses, a dependency that is away. All
/// others are ours: logged by the framework and answered with a bare 500.
/// </summary>
internal sealed partial class ExceptionMapping(ILogger<ExceptionMapping> logger) : IExceptionHandler
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (Answer(exception) is not { } problem)
        {
            return false;
        }

        if (problem.StatusCode == StatusCodes.Status503ServiceUnavailable)
        {
            LogUnavailable(logger, httpContext.Request.Method, httpContext.Request.Path, exception.Message, exception);
            httpContext.Response.Headers.RetryAfter = RetryAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        }

        await problem.ExecuteAsync(httpContext);
        return true;
    }

    private static ProblemHttpResult? Answer(Exception exception) => exception switch
    {
        BadHttpRequestException { StatusCode: StatusCodes.Status400BadRequest } bad => Unreadable(bad),
        BadHttpRequestException bad => TypedResults.Problem(statusCode: bad.StatusCode),
        LinesNotCancellableException few => Problems.Of(StatusCodes.Status409Conflict, few.Rule, few.Message, ("lines", few.Lines)),
        OrderRuleException refused => Problems.Of(StatusCodes.Status409Conflict, refused.Rule, refused.Message),
        DbUpdateConcurrencyException => Unavailable(ResourceNames.Postgres, "Others change the same order all the time, and nothing is changed."),
        DependencyUnavailableException away => Unavailable(away.Dependency, away.Message),
        _ when DatabaseFailure.IsAway(exception) => Unavailable(ResourceNames.Postgres, "The orders database does not answer."),
        _ => null,
    };

    private static ProblemHttpResult Unreadable(BadHttpRequestException bad)
    {
        if (bad.InnerException is not JsonException json)
        {
            return Problems.Of(StatusCodes.Status400BadRequest, "malformed-body", "The request needs a body: a JSON object in UTF-8.");
        }

        var place = string.Create(CultureInfo.InvariantCulture, $"line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}");
        return json.Path is { Length: > 2 } path && path.StartsWith("$.", StringComparison.Ordinal)
            ? Problems.Invalid(path[2..], $"Is of another type than this field has, given twice, or not JSON ({place}).")
            : Problems.Of(StatusCodes.Status400BadRequest, "malformed-body", $"The body is not the JSON that this route reads ({place}).");
    }

    private static ProblemHttpResult Unavailable(string dependency, string detail) => Problems.Of(
        StatusCodes.Status503ServiceUnavailable, "unavailable", $"{detail} Try again in a few seconds.", ("dependency", dependency));

    [LoggerMessage(EventId = 2202, EventName = "AnsweredUnavailable", Level = LogLevel.Warning, Message = "{Method} {Path} answered 503: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string method, string path, string reason, Exception cause);
}
