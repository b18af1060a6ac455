using System.Diagnostics;
using System.Text;
using Aspire.Hosting.Testing;

namespace OrderService.Tests.Shop;

/// <summary>One more replica of the worker, beside the one of the graph and on the same PostgreSQL and Kafka.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private WorkerProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public static async Task<WorkerProcess> StartAsync(ShopFixture shop, params (string Setting, string Value)[] settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OrderService.Worker.dll")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["ASPNETCORE_URLS"] = "http://127.0.0.1:0",
                [$"ConnectionStrings__{ResourceNames.Orders}"] = await shop.ConnectionStringAsync(ResourceNames.Orders),
                [$"ConnectionStrings__{ResourceNames.Kafka}"] = await shop.ConnectionStringAsync(ResourceNames.Kafka),
                [$"services__{ResourceNames.Products}__http__0"] = shop.App.GetEndpoint(ResourceNames.Products, "http").ToString(),
            },
        };
        foreach (var (setting, value) in settings)
        {
            start.Environment[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return new WorkerProcess(Process.Start(start)!);
    }

    /// <summary>Waits for a worker that ends by itself.</summary>
    public async Task<(int ExitCode, string Output)> WaitForExitAsync()
    {
        using var patience = new CancellationTokenSource(Eventually.Deadline);
        await _process.WaitForExitAsync(patience.Token);
        lock (_output)
        {
            return (_process.ExitCode, _output.ToString());
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            ProcessTree.Kill(Id);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}
