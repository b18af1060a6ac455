using Microsoft.Playwright;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Pages;

/// <summary>
/// The machine's own Chromium, driven by Playwright. As with PostgreSQL and Redis, it is installed where that may be done, and otherwise one
/// message names the command.
/// </summary>
public sealed class Chromium : IAsyncLifetime
{
    /// <summary>An environment variable that names the program, where it is none of those below.</summary>
    private const string Setting = "CHROMIUM";

    private const string Command = "apt-get install -y --no-install-recommends chromium";

    private static readonly string[] Programs = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

    /// <summary>A browser of a test asks nobody but the page's own service.</summary>
    private static readonly string[] Arguments =
        ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];

    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout((float)Eventually.Deadline.TotalMilliseconds);
        var program = await FindAsync();
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new() { ExecutablePath = program, Args = Arguments });
    }

    /// <inheritdoc />
    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    /// <summary>Opens a page of a service in a window of its own, without anything of earlier visits.</summary>
    internal async Task<Visit> OpenAsync(Uri service, string path, ColorScheme colors = ColorScheme.Light, int width = 1280)
    {
        var context = await _browser!.NewContextAsync(new()
        {
            BaseURL = service.ToString(),
            ColorScheme = colors,
            Locale = "en-US",
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new() { Width = width, Height = 900 },
        });
        context.SetDefaultTimeout((float)Eventually.Deadline.TotalMilliseconds);
        var visit = new Visit(context, await context.NewPageAsync(), service);
        await visit.Page.GotoAsync(path);
        return visit;
    }

    private static async Task<string> FindAsync()
    {
        if (Environment.GetEnvironmentVariable(Setting) is { Length: > 0 } program)
        {
            return program;
        }

        if (Installed() is null && Environment.IsPrivilegedProcess && InPath("apt-get") is not null)
        {
            await RunAsync("apt-get update");
            await RunAsync(Command);
        }

        return Installed() ?? throw new InvalidOperationException(
            $"Chromium is not installed, in which the pages are tested. Install it with: sudo {Command}\nOr set {Setting} to the program of a browser that is made from it.");
    }

    private static string? Installed() => Programs.Select(InPath).FirstOrDefault(path => path is not null);

    private static string? InPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    private static async Task RunAsync(string command)
    {
        var words = command.Split(' ');
        var (exitCode, output) = await ProgramRun.ToEndAsync(words[0], words[1..], ("DEBIAN_FRONTEND", "noninteractive"));
        Assert.True(exitCode == 0, $"'{command}' ended with exit code {exitCode}:\n{output}");
    }
}
