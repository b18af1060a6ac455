using Microsoft.Extensions.Options;
using OrderService.Api.Http;

namespace OrderService.Api.Pages;

/// <summary>What a page has to know of the service that it belongs to.</summary>
/// <param name="IsDevelopment">Whether this is for who develops: there is a shop page, and the explorer.</param>
/// <param name="TakesGatewayHeaders">Whether the page may say itself who asks, as the gateway does elsewhere: in Development only.</param>
internal sealed record PageSettings(bool IsDevelopment, bool TakesGatewayHeaders);

/// <summary>
/// The pages of <c>wwwroot</c>. They hold no data, so anybody may have them; what they show comes from the routes of the API, which ask who
/// it is for. Each folder is a route: other requests do not pass by here.
/// </summary>
internal static class StaticPages
{
    private const string Shared = "pages";
    private const string Operations = "operations";
    private const string Shop = "shop";

    /// <summary>Whether an address is one of a page, or of what belongs to it.</summary>
    public static bool Have(PathString path) =>
        path.StartsWithSegments($"/{Operations}") || path.StartsWithSegments($"/{Shared}") || path.StartsWithSegments($"/{Shop}");

    /// <summary>Finds the files where the project was built, too, not only where it was published.</summary>
    public static void AddPages(this WebApplicationBuilder builder) => builder.WebHost.UseStaticWebAssets();

    /// <summary>Maps the pages; that of the shop in Development.</summary>
    public static void MapPages(this WebApplication app)
    {
        var isDevelopment = app.Environment.IsDevelopment();
        app.MapFolder(Shared);
        app.MapFolder(Operations);
        app.MapGet($"/{Shared}/settings", (IOptions<IdentityOptions> identity) =>
                TypedResults.Ok(new PageSettings(isDevelopment, isDevelopment && identity.Value.AcceptsGateway)))
            .ExcludeFromDescription();
        if (isDevelopment)
        {
            app.MapFolder(Shop);
            app.MapGet($"/{Shop}/products", ListShelf.HandleAsync).ExcludeFromDescription();
        }
    }

    private static void MapFolder(this WebApplication app, string folder)
    {
        var files = ((IEndpointRouteBuilder)app).CreateApplicationBuilder();
        files.Use((http, next) =>
        {
            // The middleware leaves alone what has found its route, as this request has.
            http.SetEndpoint(null);
            if (http.Request.RouteValues["file"] is null)
            {
                http.Request.Path = $"/{folder}/index.html";
            }

            return next(http);
        });
        files.UseStaticFiles(new StaticFileOptions
        {
            // Kept, and asked for each time whether it is still the same: a page and its scripts are of one version.
            OnPrepareResponse = file => file.Context.Response.Headers.CacheControl = "no-cache",
        });
        app.MapMethods($"/{folder}/{{**file}}", [HttpMethods.Get, HttpMethods.Head], files.Build()).ExcludeFromDescription();
    }
}
