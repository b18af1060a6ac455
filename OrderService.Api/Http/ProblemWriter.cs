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
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        return new ValueTask(http.Response.WriteAsJsonAsync(
            problem,
            json.Value.SerializerOptions.GetTypeInfo(problem.GetType()),
            "application/problem+json",
            http.RequestAborted));
    }
}
