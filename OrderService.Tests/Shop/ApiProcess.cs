using System.Diagnostics;
using Aspire.Hosting.Testing;

namespace OrderService.Tests.Shop;

/// <summary>
/// One more API, beside the one of the graph and on the same PostgreSQL, Redis and services, with settings of its own. It runs as in
/// production: without settings of its own it believes nobody.
/// </summary>
internal sealed class ApiProcess : IDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ApiProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>A client of it.</summary>
    public HttpClient Client { get; private set; } = new();

    /// <summary>Both of its streams so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    /// <summary>Starts an API and returns when it listens.</summary>
    public static async Task<ApiProcess> StartAsync(ShopFixture shop, params (string Setting, string Value)[] settings)
    {
        var api = new ApiProcess(await StartInfoAsync(shop, settings));
        var end = api._process.WaitForExitAsync();
        if (await Task.WhenAny(api._address.Task, end).WaitAsync(Eventually.Deadline) == end)
        {
            Assert.Fail($"The API ended: {api.Output}");
        }

        api.Client.BaseAddress = await api._address.Task;
        return api;
    }

    /// <summary>Starts an API that ends by itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ShopFixture shop, params (string Setting, string Value)[] settings)
    {
        using var api = new ApiProcess(await StartInfoAsync(shop, settings));
        await api._process.WaitForExitAsync().WaitAsync(Eventually.Deadline);
        return (api._process.ExitCode, api.Output);
    }

    /// <summary>Asks it to stop, as a host does, and returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        ProcessTree.Stop(Id);
        await _process.WaitForExitAsync().WaitAsync(Eventually.Deadline);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            ProcessTree.Kill(Id);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<ProcessStartInfo> StartInfoAsync(ShopFixture shop, (string Setting, string Value)[] settings)
    {
        // artifacts/bin/OrderService.Tests/debug → artifacts/bin/OrderService.Api/debug
        var tests = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        var folder = Path.Combine(tests.Parent!.Parent!.FullName, "OrderService.Api", tests.Name);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, "OrderService.Api.dll")])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_ENVIRONMENT"] = "Production",
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                [$"ConnectionStrings__{ResourceNames.Orders}"] = await shop.ConnectionStringAsync(ResourceNames.Orders),
                [$"ConnectionStrings__{ResourceNames.Redis}"] = await shop.ConnectionStringAsync(ResourceNames.Redis),
                [$"services__{ResourceNames.Products}__http__0"] = shop.App.GetEndpoint(ResourceNames.Products, "http").ToString(),
                [$"services__{ResourceNames.Users}__http__0"] = shop.App.GetEndpoint(ResourceNames.Users, "http").ToString(),
            },
        };
        foreach (var (setting, value) in settings)
        {
            start.Environment[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return start;
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Add(line);
        }

        if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
        {
            _address.TrySetResult(new Uri(line[(at + Listening.Length)..].Trim()));
        }
    }
}
