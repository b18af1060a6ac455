using System.Diagnostics;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;

namespace OrderService.Api.Http;

/// <summary>Writes every problem as JSON with its trace id, whatever the client accepts: a client that fails should learn why.</summary>
internal sealed class ProblemWriter(IOptions<JsonOptions> json) : IProblemDetailsWriter
{
    public bool CanWrite(ProblemDetailsContext context) => true;

    public ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (http, problem) = (context.HttpContext, context.ProblemDetails);
        Problems.Complete(problem, http.Response.StatusCode);
        if (problem.Status == StatusCodes.Status401Unauthorized && http.Features.Get<UnauthorizedHint>() is { } hint)
        {
            problem.Detail = $"{problem.Detail} {hint.Text}";
        }

        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        return new ValueTask(http.Response.WriteAsJsonAsync(
            problem,
            json.Value.SerializerOptions.GetTypeInfo(problem.GetType()),
            "application/problem+json",
            http.RequestAborted));
    }
}

/// <summary>A feature of a request that is about to be answered with 401: another way in than an identity.</summary>
/// <param name="Text">A sentence for the client.</param>
internal sealed record UnauthorizedHint(string Text);
