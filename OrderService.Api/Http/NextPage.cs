using Microsoft.AspNetCore.WebUtilities;

namespace OrderService.Api.Http;

/// <summary>The way on from a page of a list that goes one way.</summary>
internal static class NextPage
{
    /// <summary>Puts the next page's address into the answer's <c>Link</c> (RFC 8288) and returns it.</summary>
    /// <param name="http">The request for this page, and its answer.</param>
    /// <param name="cursor">Where the next page begins; <c>null</c> on the last one.</param>
    /// <returns>The same query from there on, relative to the host (which a gateway may have replaced).</returns>
    public static string? Tell(HttpContext http, string? cursor)
    {
        if (cursor is null)
        {
            return null;
        }

        var parameters = http.Request.Query
            .Where(parameter => !parameter.Key.Equals("cursor", StringComparison.OrdinalIgnoreCase))
            .Append(new("cursor", cursor));
        var next = QueryHelpers.AddQueryString(http.Request.PathBase + http.Request.Path, parameters);
        http.Response.Headers.Link = $"<{next}>; rel=\"next\"";
        return next;
    }
}
