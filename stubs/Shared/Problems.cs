using Microsoft.AspNetCore.Http.HttpResults;

namespace Stubs;

/// <summary>RFC 9457 problems with the shop's stable types, <c>urn:cloudforge:problem:&lt;name&gt;</c>.</summary>
internal static class Problems
{
    /// <summary>The type of every 400 that has <c>errors</c> keyed by field.</summary>
    public const string InvalidRequest = "urn:cloudforge:problem:invalid-request";

    /// <summary>A problem named <paramref name="name"/>, with one optional extension member.</summary>
    public static ProblemHttpResult Of(int status, string name, string title, string detail, (string Name, object Value)? extension = null) =>
        TypedResults.Problem(
            detail,
            statusCode: status,
            title: title,
            type: $"urn:cloudforge:problem:{name}",
            extensions: extension is { } member ? [new(member.Name, member.Value)] : null);

    /// <summary>A 400 with what is wrong in each field.</summary>
    public static ValidationProblem Invalid(IDictionary<string, string[]> errors) => TypedResults.ValidationProblem(errors, type: InvalidRequest);
}
