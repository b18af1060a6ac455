using System.Diagnostics;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Options;
using OrderService.Core;

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

        Note(http, Problems.NameIn(problem.Type!));
        problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? http.TraceIdentifier;
        return new ValueTask(http.Response.WriteAsJsonAsync(
            problem,
            json.Value.SerializerOptions.GetTypeInfo(problem.GetType()),
            "application/problem+json",
            http.RequestAborted));
    }

    /// <summary>Lets metrics tell which problem it is.</summary>
    private static void Note(HttpContext http, string name)
    {
        http.Features.Get<IHttpMetricsTagsFeature>()?.Tags.Add(new("problem.type", name));

        // After an exception the request has no endpoint any more.
        var endpoint = http.GetEndpoint() ?? http.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        if (endpoint?.Metadata.GetMetadata<PlacesOrdersMetadata>() is not null)
        {
            OrderTelemetry.CountRefused(name);
        }
    }
}

/// <summary>A route that places orders: what it refuses is counted.</summary>
internal sealed record PlacesOrdersMetadata;

/// <summary>Marks routes for <see cref="ProblemWriter"/>.</summary>
internal static class PlacesOrdersExtensions
{
    /// <summary>Counts what the route refuses as orders that were not placed.</summary>
    public static TBuilder PlacesOrders<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new PlacesOrdersMetadata());
}

/// <summary>A feature of a request that is about to be answered with 401: another way in than an identity.</summary>
/// <param name="Text">A sentence for the client.</param>
internal sealed record UnauthorizedHint(string Text);
