using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Local;

/// <summary>Aspire's own dashboard, from its command line tool, which is installed once into the artifacts folder.</summary>
internal sealed class Dashboard
{
    private const string Version = "13.5.4";
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(60);

    private readonly string _folder;
    private readonly string _hostId;
    private readonly string? _npm;
    private readonly string _otlpGrpc;
    private readonly string _otlpHttp;
    private readonly Queue<string> _lastLines = new();
    private ManagedProcess? _process;

    private Dashboard(string folder, string hostId, string? npm, string url, string otlpGrpc, string otlpHttp)
    {
        _folder = folder;
        _hostId = hostId;
        _npm = npm;
        Url = url;
        _otlpGrpc = otlpGrpc;
        _otlpHttp = otlpHttp;
    }

    public string Url { get; }

    /// <summary>For the table.</summary>
    public string State { get; private set; } = "Starting";

    private static string Package => $"aspire-cli-{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-"
        + RuntimeInformation.OSArchitecture switch { Architecture.Arm64 => "arm64", _ => "x64" };

    private string Program => Path.Combine(_folder, Version, "node_modules", "@microsoft", Package, "bin", OperatingSystem.IsWindows() ? "aspire.exe" : "aspire");

    private bool IsInstalled => File.Exists(Program);

    /// <summary>Decides on addresses before anything starts, since the services are told them.</summary>
    public static Dashboard Plan(IConfiguration configuration, AppHostFolders folders, string hostId)
    {
        var frontend = configuration["ASPNETCORE_URLS"]?.Split(';')[0] is { Length: > 0 } url ? url : "http://localhost:18888";
        return new Dashboard(
            Path.Combine(folders.Artifacts, "aspire-cli"),
            hostId,
            ManagedProcess.FindCommand("npm", folders.AppHost),
            FreeAddress(frontend),
            FreeAddress(configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] ?? "http://localhost:18889"),
            FreeAddress(configuration["ASPIRE_DASHBOARD_OTLP_HTTP_ENDPOINT_URL"] ?? "http://localhost:18890"));
    }

    /// <summary>Points a project's OpenTelemetry exporter here, with the short delays that suit development.</summary>
    public void AddExporter(Dictionary<string, object> variables, string service, string instance)
    {
        if (!IsInstalled && _npm is null)
        {
            return;
        }

        variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = _otlpGrpc;
        variables["OTEL_EXPORTER_OTLP_PROTOCOL"] = "grpc";
        variables["OTEL_SERVICE_NAME"] = service;
        variables["OTEL_RESOURCE_ATTRIBUTES"] = $"service.instance.id={instance}";
        variables["OTEL_BLRP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_BSP_SCHEDULE_DELAY"] = "1000";
        variables["OTEL_METRIC_EXPORT_INTERVAL"] = "1000";
        variables["OTEL_TRACES_SAMPLER"] = "always_on";
        variables["OTEL_METRICS_EXEMPLAR_FILTER"] = "trace_based";
    }

    /// <summary>Installs the tool if need be and starts the dashboard, beside the resources. Without it they run all the same.</summary>
    public void Start(Watchdog watchdog, Action<string> say, CancellationToken stopping) => _ = StartAsync(watchdog, say, stopping);

    public async Task StopAsync()
    {
        if (_process is { Exit.IsCompleted: false } process)
        {
            await process.StopAsync(TimeSpan.FromSeconds(3));
        }
    }

    private static string FreeAddress(string wanted)
    {
        var address = new UriBuilder(wanted);
        if (!Ports.IsFree(address.Port))
        {
            address.Port = Ports.Free();
        }

        return string.Create(CultureInfo.InvariantCulture, $"{address.Scheme}://{address.Host}:{address.Port}");
    }

    private async Task StartAsync(Watchdog watchdog, Action<string> say, CancellationToken stopping)
    {
        try
        {
            if (!IsInstalled)
            {
                if (_npm is null)
                {
                    throw new DistributedApplicationException("it comes by npm, and there is no npm on the PATH");
                }

                say($"Installing the Aspire dashboard, once, into {_folder}");
                await InstallAsync(watchdog, stopping);
            }

            // The tool keeps its state in the home folder; its own home keeps the user's clean.
            var home = Path.Combine(_folder, "home");
            Directory.CreateDirectory(home);
            _process = Run(watchdog, Program, home,
                "dashboard", "run", "--frontend-url", Url, "--otlp-grpc-url", _otlpGrpc, "--otlp-http-url", _otlpHttp,
                "--allow-anonymous", "--non-interactive", "--nologo");
            await WaitAsync(_process, stopping);
            State = "Running";
            say($"Dashboard: {Url}");
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
        catch (Exception exception) when (exception is DistributedApplicationException or IOException or UnauthorizedAccessException)
        {
            State = "None";
            say($"Running without the Aspire dashboard: {exception.Message}");
        }
    }

    /// <summary>Into a folder of its own first, so that an interrupted installation or two at once leave no half of one.</summary>
    private async Task InstallAsync(Watchdog watchdog, CancellationToken stopping)
    {
        var target = Path.Combine(_folder, Version);
        var draft = Path.Combine(_folder, _hostId);
        Directory.CreateDirectory(draft);
        try
        {
            var npm = Run(watchdog, _npm!, draft, "install", "--prefix", draft, "--no-save", "--no-audit", "--no-fund", "--loglevel=error", $"@microsoft/{Package}@{Version}");
            await using var kill = stopping.Register(npm.KillTree);
            var exitCode = await npm.Exit;
            stopping.ThrowIfCancellationRequested();
            if (exitCode != 0)
            {
                throw new DistributedApplicationException($"npm could not install @microsoft/{Package}@{Version}: {string.Join(" ", _lastLines.Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase)).Take(2))}");
            }

            if (!IsInstalled)
            {
                Directory.Move(draft, target);
            }
        }
        finally
        {
            if (Directory.Exists(draft))
            {
                Directory.Delete(draft, recursive: true);
            }
        }
    }

    private ManagedProcess Run(Watchdog watchdog, string program, string folder, params string[] arguments) => ManagedProcess.Start(
        new ProcessPlan(
            $"{_hostId}/dashboard/", program, arguments, folder,
            new Dictionary<string, string?>
            {
                ["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "1",
                ["HOME"] = program == _npm ? Environment.GetEnvironmentVariable("HOME") : folder,
            }),
        watchdog,
        (line, _) =>
        {
            lock (_lastLines)
            {
                _lastLines.Enqueue(line);
                if (_lastLines.Count > 20)
                {
                    _lastLines.Dequeue();
                }
            }
        });

    private async Task WaitAsync(ManagedProcess process, CancellationToken stopping)
    {
        using var client = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        deadline.CancelAfter(StartTime);
        while (true)
        {
            if (process.Exit.IsCompleted)
            {
                throw new DistributedApplicationException($"it ended with exit code {await process.Exit}: {string.Join(" ", _lastLines.TakeLast(3))}");
            }

            try
            {
                using var response = await client.GetAsync(new Uri(Url), deadline.Token);
                if (response.StatusCode == HttpStatusCode.OK)
                {
                    return;
                }
            }
            catch (HttpRequestException)
            {
                // Not up yet.
            }
            catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
            {
                throw new DistributedApplicationException($"it does not answer at {Url}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), stopping);
        }
    }
}
