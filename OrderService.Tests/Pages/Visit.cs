using System.Collections.Concurrent;
using Microsoft.Playwright;

namespace OrderService.Tests.Pages;

/// <summary>A page that somebody looks at, and what goes wrong meanwhile where nobody looks.</summary>
internal sealed class Visit : IAsyncDisposable
{
    private const int MostTabs = 200;

    private readonly IBrowserContext _context;
    private readonly ConcurrentQueue<string> _complaints = new();

    public Visit(IBrowserContext context, IPage page, Uri service)
    {
        (_context, Page) = (context, page);
        page.Console += (_, message) => Note(message.Type is "error" or "warning", $"{message.Type}: {message.Text} {message.Location}");
        page.PageError += (_, error) => Note(true, error);
        context.Request += (_, request) => Note(IsElsewhere(request.Url), $"a request to {request.Url}");

        bool IsElsewhere(string url) => new Uri(url) is { Scheme: "http" or "https" or "ws" or "wss" } address && address.Authority != service.Authority;
    }

    public IPage Page { get; }

    /// <summary>The element with this id.</summary>
    public ILocator At(string id) => Page.Locator($"#{id}");

    /// <summary>A button by what it says.</summary>
    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name });

    /// <summary>Errors and warnings on the console, exceptions, requests to others: there were none.</summary>
    public void WentWell() => Assert.True(_complaints.IsEmpty, string.Join('\n', _complaints));

    /// <summary>Goes on with the tabulator until something has the focus, which has to be seen on everything on the way.</summary>
    public async Task TabToAsync(string selector)
    {
        for (var tabs = 0; tabs < MostTabs; tabs++)
        {
            await Page.Keyboard.PressAsync("Tab");
            var seen = await Page.EvaluateAsync<string>(
                """
                selector => {
                    const focused = document.activeElement;
                    const isSeen = focused.matches(":focus-visible") && getComputedStyle(focused).outlineStyle !== "none";
                    return focused === document.body ? "nothing" : !isSeen ? `hidden: ${focused.outerHTML}` : focused.matches(selector) ? "it" : "another";
                }
                """,
                selector);
            Assert.DoesNotContain("hidden:", seen, StringComparison.Ordinal);
            if (seen == "it")
            {
                return;
            }
        }

        Assert.Fail($"{selector} does not get the focus within {MostTabs} tabulators.");
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void Note(bool isWrong, string what)
    {
        if (isWrong)
        {
            _complaints.Enqueue(what);
        }
    }
}
