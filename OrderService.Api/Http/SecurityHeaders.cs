using OrderService.Api.Pages;

namespace OrderService.Api.Http;

/// <summary>
/// What answers tell browsers and caches not to do with them (OWASP REST Security Cheat Sheet). HSTS is not among it: TLS ends at the
/// gateway, which alone knows whether a name is to be reached by TLS only.
/// </summary>
internal static class SecurityHeaders
{
    /// <summary>An answer is data: nothing in it is to be run or loaded, whatever a browser takes it for.</summary>
    private const string DataPolicy = "default-src 'none'; frame-ancestors 'none'";

    /// <summary>The explorer runs its own scripts, sets styles of its elements, and asks this service alone.</summary>
    private const string ExplorerPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <summary>Our pages run, show and ask what is this service's. A text that would become markup, and so perhaps a script, is an error.</summary>
    private const string PagePolicy =
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        + "require-trusted-types-for 'script'; trusted-types 'none'";

    private static readonly Func<object, Task> Set = SetAsync;

    /// <summary>Adds them to every answer, also to those that were begun anew after an exception.</summary>
    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use((http, next) =>
    {
        http.Response.OnStarting(Set, http);
        return next(http);
    });

    private static Task SetAsync(object state)
    {
        var http = (HttpContext)state;
        var headers = http.Response.Headers;
        headers.XContentTypeOptions = "nosniff";
        if (http.Request.Path.StartsWithSegments("/api"))
        {
            headers.ContentSecurityPolicy = DataPolicy;

            // Whose it is may be told by the gateway's header, which a cache on the way does not take for credentials (RFC 9111, section
            // 3.5). Versions are for the client's own memory: a 304 answers what a program kept, not what a browser did.
            headers.CacheControl = "no-store";
        }
        else
        {
            headers.ContentSecurityPolicy = PolicyOf(http.Request.Path);
        }

        return Task.CompletedTask;
    }

    private static string PolicyOf(PathString path) =>
        path.StartsWithSegments($"/{ApiDocument.ExplorerPath}") ? ExplorerPolicy
        : StaticPages.Have(path) ? PagePolicy
        : DataPolicy;
}
