using Stubs;

namespace UserService;

/// <summary>The page at <c>/</c>.</summary>
internal static class Page
{
    private const string About = """
        <p>A stub of the shop's user service: who may order, for development and tests.</p>
        <p>Everything lives in memory. A restart brings back 1,000 enabled users,
        <code>00000000-0000-4000-8000-000000000001</code> to <code>…0003e8</code> (hexadecimal), and forgets changes.</p>
        """;

    private static readonly RouteHelp[] Routes =
    [
        new("GET /api/users/{id}", "One user.", "curl {host}/api/users/00000000-0000-4000-8000-000000000001"),
        new("PUT /api/users/{id}", "Creates (201) or replaces (200) a user; enabled is true unless given.", "curl -X PUT {host}/api/users/00000000-0000-4000-8000-000000000002 --json '{\"username\":\"ada\",\"email\":\"ada@example.com\",\"enabled\":false}'"),
    ];

    /// <summary>Maps the page.</summary>
    public static void MapPage(this IEndpointRouteBuilder app) =>
        app.MapGet("/", (HttpRequest request, UserDirectory users) => StubPage.Render(request, "User service", About, State(users), Routes)).ExcludeFromDescription();

    private static IEnumerable<(string, object)> State(UserDirectory users)
    {
        var (all, enabled) = users.Count();
        yield return ("Users", all);
        yield return ("Not enabled", all - enabled);
    }
}
