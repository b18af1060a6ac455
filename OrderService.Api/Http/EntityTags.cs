using System.Globalization;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace OrderService.Api.Http;

/// <summary>Versions as strong entity tags (RFC 9110, section 8.8.3): version 3 is <c>"3"</c>.</summary>
internal static class EntityTags
{
    /// <summary>Tells the client which version it gets.</summary>
    public static void SetVersion(this HttpResponse response, int version) => response.Headers.ETag = TagOf(version);

    /// <summary>The tag of a version.</summary>
    public static string TagOf(int version) => string.Create(CultureInfo.InvariantCulture, $"\"{version}\"");

    /// <summary>Whether the client's <c>If-None-Match</c> says that it has this version already.</summary>
    public static bool HasVersion(this HttpRequest request, int version) =>
        EntityTagHeaderValue.TryParseList(request.Headers.IfNoneMatch, out var tags)
        && tags.Any(tag => tag == EntityTagHeaderValue.Any || tag.Tag == TagOf(version));
}

/// <summary>The versions that a client is ready to change, from <c>If-Match</c>; every version without that header.</summary>
internal sealed class IfMatch
{
    private readonly IReadOnlyCollection<int>? _versions;

    private IfMatch(IReadOnlyCollection<int>? versions) => _versions = versions;

    /// <summary>Any version.</summary>
    public static IfMatch Any { get; } = new(null);

    /// <summary>One version.</summary>
    public static IfMatch Of(int version) => new([version]);

    /// <summary>The versions, or <c>null</c> for any.</summary>
    public IReadOnlyCollection<int>? Versions => _versions;

    /// <summary>Whether a resource of this version may be changed.</summary>
    public bool Allows(int version) => _versions is null || _versions.Contains(version);

    /// <summary>Reads the header. What isn't a tag of ours matches nothing; <c>*</c> is any version, and stands alone.</summary>
    public static ValueTask<IfMatch> BindAsync(HttpContext context) => ValueTask.FromResult(Read(context.Request.Headers.IfMatch));

    private static IfMatch Read(StringValues header)
    {
        if (header.Count == 0)
        {
            return Any;
        }

        if (!EntityTagHeaderValue.TryParseList(header, out var tags))
        {
            return new([]);
        }

        return tags is [var only] && only == EntityTagHeaderValue.Any
            ? Any
            : new([.. tags.Where(tag => !tag.IsWeak).Select(VersionOf)]);
    }

    private static int VersionOf(EntityTagHeaderValue tag) =>
        int.TryParse(tag.Tag.AsSpan().Trim('"'), NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : -1;
}
