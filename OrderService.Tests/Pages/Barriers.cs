using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace OrderService.Tests.Pages;

/// <summary>What would keep somebody out of a page, as far as a program can tell.</summary>
internal static class Barriers
{
    /// <summary>Nothing that axe knows of, contrast among it, and no line that is longer than the screen is wide.</summary>
    public static async Task HasNoneAsync(IPage page, int width)
    {
        Assert.Equal(width, await page.EvaluateAsync<int>("Math.max(innerWidth, document.documentElement.scrollWidth)"));
        var found = await page.RunAxe();
        Assert.Empty(found.Violations.Select(barrier => $"{barrier.Id}: {string.Join(", ", barrier.Nodes.Select(node => node.Html))}"));
    }
}
