using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace OrderService.Bench;

/// <summary>
/// A service as it is deployed, published for this platform and so compiled ahead of time, in the place of one that the graph has started
/// from its build output: with the same settings and on the same port.
/// </summary>
internal sealed class Published : IDisposable
{
    private readonly Process _process;
    private readonly Uri _address;

    private Published(string program, IReadOnlyDictionary<string, string> environment)
    {
        _address = new Uri(environment["ASPNETCORE_URLS"].Split(';')[0]);
        var start = new ProcessStartInfo("dotnet", [program]) { WorkingDirectory = Path.GetDirectoryName(program), RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start) ?? throw new BenchException($"{program} does not start.");
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
    }

    /// <summary>Its process.</summary>
    public int Pid => _process.Id;

    /// <summary>Publishes a project into a folder.</summary>
    /// <returns>The program.</returns>
    public static async Task<string> PublishAsync(string project, string folder, CancellationToken cancellationToken)
    {
        var name = Path.GetFileNameWithoutExtension(project);
        Bench.Say($"Publishing {name} for {RuntimeInformation.RuntimeIdentifier}");
        var output = Path.Combine(folder, name);
        using var publish = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["publish", project, "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "--self-contained", "false", "-o", output, "-v", "quiet"]))
            ?? throw new BenchException("'dotnet publish' does not start.");
        await publish.WaitForExitAsync(cancellationToken);
        return publish.ExitCode == 0
            ? Path.Combine(output, $"{name}.dll")
            : throw new BenchException(string.Create(CultureInfo.InvariantCulture, $"'dotnet publish {project}' ended with {publish.ExitCode}."));
    }

    /// <summary>Takes the place of a resource of the graph, which ends.</summary>
    /// <returns>It, and the time from its start until it was healthy.</returns>
    public static async Task<(Published Service, TimeSpan StartUp)> ReplaceAsync(
        Graph graph, string resource, string program, CancellationToken cancellationToken)
    {
        var environment = Processes.EnvironmentOf(graph.ProcessOf(resource));
        await graph.StopAsync(resource, cancellationToken);
        return await StartAsync(program, environment, cancellationToken);
    }

    private static async Task<(Published Service, TimeSpan StartUp)> StartAsync(
        string program, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        var service = new Published(program, environment);
        try
        {
            using var client = new HttpClient { BaseAddress = service._address };
            while (!await IsHealthyAsync(client, cancellationToken))
            {
                if (service._process.HasExited)
                {
                    throw new BenchException($"{program} ended.");
                }

                await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
            }

            return (service, Stopwatch.GetElapsedTime(start));
        }
        catch
        {
            service.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    private static async Task<bool> IsHealthyAsync(HttpClient client, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await client.GetAsync("/health", cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }
}
