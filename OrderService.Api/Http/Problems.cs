using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace OrderService.Api.Http;

/// <summary>Problem details (RFC 9457). The name of a problem is the stable last part of its <c>type</c>; its title follows from it.</summary>
internal static class Problems
{
    /// <summary>What the <c>type</c> of every problem starts with.</summary>
    public const string TypePrefix = "urn:cloudforge:problem:";

    /// <summary>A problem of this service, one of <see cref="ProblemCatalog"/>.</summary>
    public static ProblemHttpResult Of(int status, string name, string detail, params ReadOnlySpan<(string Name, object? Value)> extensions)
    {
        if (ProblemCatalog.Find(name).Status != status)
        {
            throw new InvalidOperationException($"The problem '{name}' has another status in {nameof(ProblemCatalog)} than {status}.");
        }

        var problem = new ProblemDetails { Status = status, Type = TypePrefix + name, Title = TitleOf(name), Detail = detail };
        foreach (var (extension, value) in extensions)
        {
            problem.Extensions[extension] = value;
        }

        return TypedResults.Problem(problem);
    }

    /// <summary>409 for what others are doing now: it may be tried again in a second.</summary>
    public static ProblemHttpResult Busy(HttpResponse response, string name, string detail)
    {
        response.Headers.RetryAfter = "1";
        return Of(StatusCodes.Status409Conflict, name, detail);
    }

    /// <summary>400 with what is wrong with each field.</summary>
    public static ProblemHttpResult Invalid(Dictionary<string, string[]> errors) =>
        Of(StatusCodes.Status400BadRequest, "validation", "The request has invalid fields; 'errors' names them.", ("errors", errors));

    /// <summary>400 with what is wrong with one field.</summary>
    public static ProblemHttpResult Invalid(string field, string error) => Invalid(new Dictionary<string, string[]> { [field] = [error] });

    /// <summary>412: the resource is not the one that the client has seen.</summary>
    public static ProblemHttpResult Stale() =>
        Of(StatusCodes.Status412PreconditionFailed, "precondition-failed", "It has changed since the version that If-Match names: read it again.");

    /// <summary>Gives a problem that the framework made the type and title of its status.</summary>
    public static void Complete(ProblemDetails problem, int status)
    {
        problem.Status ??= status;
        if (problem.Type is null || !problem.Type.StartsWith(TypePrefix, StringComparison.Ordinal))
        {
            var name = NameOf(problem.Status.Value);
            (problem.Type, problem.Title) = (TypePrefix + name, TitleOf(name));
        }

        problem.Detail ??= DetailOf(problem.Status.Value);
    }

    /// <summary>The name in the <c>type</c> of a problem.</summary>
    public static string NameIn(string type) => type.StartsWith(TypePrefix, StringComparison.Ordinal) ? type[TypePrefix.Length..] : type;

    private static string NameOf(int status) => status switch
    {
        StatusCodes.Status503ServiceUnavailable => "unavailable",
        _ => ReasonPhrases.GetReasonPhrase(status) is { Length: > 0 } phrase ? phrase.ToLowerInvariant().Replace(' ', '-') : $"status-{status}",
    };

    private static string? DetailOf(int status) => status switch
    {
        StatusCodes.Status403Forbidden => $"That takes the role '{Identity.Operate}', which this user does not have.",
        StatusCodes.Status404NotFound => "There is nothing at this address.",
        StatusCodes.Status405MethodNotAllowed => "This address knows other methods; 'Allow' lists them.",
        StatusCodes.Status413PayloadTooLarge => $"A body has at most {HttpContract.MaxBodySize / 1024} KiB.",
        StatusCodes.Status415UnsupportedMediaType => "The body has to be of the type that the route reads, in UTF-8: application/json, or for an import application/x-ndjson.",
        StatusCodes.Status500InternalServerError => "Something went wrong here; the log has it under the trace id.",
        _ => null,
    };

    /// <summary>The title of a problem.</summary>
    public static string TitleOf(string name) => char.ToUpperInvariant(name[0]) + name[1..].Replace('-', ' ');
}
