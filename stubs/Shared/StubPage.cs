using System.Net;
using System.Text;

namespace Stubs;

/// <summary>One route as the page at <c>/</c> shows it; <paramref name="Curl"/> has <c>{host}</c> for the address of this service.</summary>
internal sealed record RouteHelp(string Route, string What, string Curl);

/// <summary>The page at <c>/</c>: what the stub is, its state in brief, its routes with a line of curl each. Plain HTML, no assets.</summary>
internal static class StubPage
{
    /// <summary>Renders the page; every text but <paramref name="about"/>, which is HTML of ours, is encoded.</summary>
    public static IResult Render(
        HttpRequest request, string title, string about, IEnumerable<(string Name, object Value)> state, IEnumerable<RouteHelp> routes)
    {
        var html = new StringBuilder($$"""
            <!doctype html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>{{title}}</title>
            <style>
            :root { color-scheme: light dark }
            body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
            th, td { text-align: left; vertical-align: top; padding: .2rem 1.5rem .2rem 0 }
            pre { margin: .2rem 0 1.2rem; padding: .6rem; white-space: pre-wrap; overflow-wrap: anywhere; background: #8882 }
            </style>
            <h1>{{title}}</h1>
            {{about}}
            <h2>Now</h2>
            <table>

            """);
        foreach (var (name, value) in state)
        {
            html.AppendLine($"<tr><th scope=\"row\">{Encode(name)}<td>{Encode(value)}");
        }

        html.AppendLine("</table>\n<h2>Routes</h2>");
        foreach (var route in routes)
        {
            var curl = route.Curl.Replace("{host}", $"{request.Scheme}://{request.Host}", StringComparison.Ordinal);
            html.AppendLine($"<p><code>{Encode(route.Route)}</code><br>{Encode(route.What)}</p>\n<pre>{Encode(curl)}</pre>");
        }

        html.AppendLine("<p><a href=\"/openapi/v1.json\">OpenAPI</a> · <a href=\"/health\">Health</a></p>");
        return TypedResults.Content(html.ToString(), "text/html; charset=utf-8");
    }

    private static string Encode(object value) => WebUtility.HtmlEncode(value.ToString() ?? "");
}
