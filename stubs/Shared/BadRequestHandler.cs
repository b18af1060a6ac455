using System.ComponentModel;
using System.Text.Json;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Mvc;

namespace Stubs;

/// <summary>Answers a request that could not be bound with its 4xx problem; a 400 names the field in <c>errors</c>.</summary>
internal sealed class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    /// <inheritdoc />
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException refused)
        {
            return false;
        }

        httpContext.Response.StatusCode = refused.StatusCode;
        var problem = refused.StatusCode == StatusCodes.Status400BadRequest
            ? new HttpValidationProblemDetails(Errors(httpContext, refused)) { Type = Problems.InvalidRequest }
            : new ProblemDetails { Detail = refused.Message };
        problem.Status = refused.StatusCode;
        return await problems.TryWriteAsync(new() { HttpContext = httpContext, ProblemDetails = problem, Exception = exception });
    }

    private static Dictionary<string, string[]> Errors(HttpContext context, BadHttpRequestException refused)
    {
        if (refused.InnerException is JsonException json)
        {
            var field = json.Path is null or "$" ? "body" : json.Path.TrimStart('$').TrimStart('.');
            return new() { [field] = ["Not valid JSON, or a value of another type than this field has."] };
        }

        // The middleware has taken the endpoint off the context and left it in its feature.
        var failed = context.Features.Get<IExceptionHandlerPathFeature>();
        var errors = new Dictionary<string, string[]>();
        foreach (var parameter in failed?.Endpoint?.Metadata.GetOrderedMetadata<IParameterBindingMetadata>() ?? [])
        {
            var type = Nullable.GetUnderlyingType(parameter.ParameterInfo.ParameterType) ?? parameter.ParameterInfo.ParameterType;
            var text = failed?.RouteValues?[parameter.Name] as string ?? context.Request.Query[parameter.Name];
            if (parameter.HasTryParse && text is not null && !TypeDescriptor.GetConverter(type).IsValid(text))
            {
                errors[parameter.Name] = [type == typeof(Guid) ? "A UUID." : "A whole number."];
            }
        }

        return errors.Count > 0 ? errors : new() { ["body"] = ["A complete JSON body is required."] };
    }
}
