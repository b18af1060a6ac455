using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Local;

/// <summary>What a person at the terminal sees: the output of the resources, and one table of them.</summary>
internal sealed class HostConsole
{
    private const string Reset = "\e[0m";
    private const string Bold = "\e[1m";
    private const string Red = "\e[31m";
    private const string Yellow = "\e[33m";
    private const string Green = "\e[32m";
    private static readonly string[] Colours = ["\e[36m", "\e[35m", "\e[34m", "\e[32m", "\e[33m", "\e[96m", "\e[95m", "\e[94m", "\e[92m", "\e[93m"];
    private static readonly TimeSpan Settling = TimeSpan.FromMilliseconds(300);

    private readonly bool _coloured = !Console.IsOutputRedirected && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _colours = [];
    private readonly DateTime _started = DateTime.UtcNow;
    private LocalHost? _host;
    private string? _shown;
    private int _width = 8;
    private (string Resource, int Lines) _latest = ("", 0);

    public void Begin(LocalHost host)
    {
        _host = host;
        _width = host.Processes.Select(process => process.Id.Length).DefaultIfEmpty(_width).Max();
        Say("Built with the stand-ins for packages that the package source lacks (stand-ins/README.md)");
        Say($"Starting {string.Join(", ", host.Processes.Select(process => process.Id))}");
        _ = WatchAsync();
    }

    /// <summary>A line of a resource.</summary>
    public void Write(string resource, LogLine line)
    {
        if (IsChatter(resource))
        {
            return;
        }

        var colour = line.Content.TrimStart() switch
        {
            var text when text.StartsWith("warn", StringComparison.OrdinalIgnoreCase) => Yellow,
            var text when text.StartsWith("fail", StringComparison.OrdinalIgnoreCase) || text.StartsWith("crit", StringComparison.OrdinalIgnoreCase) => Red,
            _ => "",
        };
        lock (_lock)
        {
            if (!_colours.TryGetValue(resource, out var own))
            {
                _colours.Add(resource, own = Colours[_colours.Count % Colours.Length]);
            }

            _latest = (resource, _latest.Resource == resource ? _latest.Lines + 1 : 1);
            Console.Out.WriteLine($"{Paint(own, resource.PadRight(_width) + " |")} {Paint(colour, line.Content)}");
        }
    }

    /// <summary>A line of the host itself.</summary>
    public void Say(string text)
    {
        lock (_lock)
        {
            Console.Out.WriteLine(Paint(Bold, text));
        }
    }

    /// <summary>A resource failed. Its last lines are repeated unless they are the last that were printed.</summary>
    public void Failed(string resource, string what, IReadOnlyList<string> lastLines)
    {
        lock (_lock)
        {
            lastLines = _latest.Resource == resource && _latest.Lines >= lastLines.Count ? [] : lastLines;
            Console.Out.WriteLine(Paint(Red, $"{resource} {what}{(lastLines.Count == 0 ? "" : ". Its last lines:")}"));
            foreach (var line in lastLines)
            {
                Console.Out.WriteLine($"    {line}");
            }
        }
    }

    /// <summary>Prints the table when all is up, and again when something changes later.</summary>
    private async Task WatchAsync()
    {
        using var signal = new SemaphoreSlim(0);
        var watching = Task.Run(async () =>
        {
            await foreach (var _ in _host!.Notifications.WatchAsync())
            {
                if (signal.CurrentCount == 0)
                {
                    signal.Release();
                }
            }
        });
        while (!watching.IsCompleted)
        {
            await Task.WhenAny(signal.WaitAsync(), watching);
            await Task.Delay(Settling);
            var rows = Rows();
            if (!_host!.IsStopping && rows.All(row => row.Settled))
            {
                Show(rows);
            }
        }
    }

    /// <summary>
    /// What a server says when it starts or stops, and what a service says that is stopped while it starts. Of a failure the last
    /// lines are shown all the same.
    /// </summary>
    private bool IsChatter(string resource)
    {
        var ready = _host!.Notifications.TryGetCurrentState(resource, out var state) && state.Snapshot.Ready is { IsCompleted: true };
        return state?.Resource is ExecutableResource ? _host.IsStopping || !ready : _host.IsStopping && !ready;
    }

    private List<Row> Rows() =>
    [
        .. from state in _host!.Notifications.Current()
           where state.Resource is not ParameterResource && !state.Snapshot.IsHidden
           select Describe(state),
    ];

    private Row Describe(ResourceEvent state)
    {
        var snapshot = state.Snapshot;
        var text = snapshot.State?.Text ?? KnownResourceStates.NotStarted;
        var address = string.Join("  ", Addresses(state));
        if (text == KnownResourceStates.Running)
        {
            var isReady = snapshot is { HealthStatus: HealthStatus.Healthy, Ready.IsCompletedSuccessfully: true };
            return isReady
                ? new Row(state.ResourceId, snapshot.HealthReports.IsEmpty ? "Running" : "Healthy", Green, address, Settled: true)
                : new Row(state.ResourceId, snapshot.HealthStatus?.ToString() ?? "Running", Yellow, address, Settled: _shown is not null);
        }

        if (ResourceNotificationService.IsTerminal(snapshot))
        {
            var failed = snapshot.ExitCode is not 0;
            var shown = snapshot.ExitCode is { } code ? string.Create(CultureInfo.InvariantCulture, $"{text} ({code})") : text;
            return new Row(state.ResourceId, shown, failed ? Red : "", "", Settled: true);
        }

        var waitsForCommand = text == KnownResourceStates.NotStarted && state.Resource.HasAnnotationOfType<ExplicitStartupAnnotation>();
        return new Row(state.ResourceId, text, "", address, Settled: waitsForCommand);
    }

    private IEnumerable<string> Addresses(ResourceEvent state)
    {
        var resource = state.Resource;
        var replica = _host!.Processes.Where(process => process.Resource == resource).TakeWhile(process => process.Id != state.ResourceId).Count();
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            if (endpoint.AllocatedEndpoint is not { } allocated)
            {
                continue;
            }

            var port = replica == 0 ? allocated.Port : endpoint.ReplicaPorts[replica - 1];
            var host = string.Create(CultureInfo.InvariantCulture, $"{allocated.Address}:{port}");
            var url = new ResourceUrlAnnotation { Url = endpoint.UriScheme is "tcp" ? host : $"{endpoint.UriScheme}://{host}" };
            var changes = resource.Annotations.OfType<EndpointUrlAnnotation>().Where(change => change.EndpointName == endpoint.Name).ToList();
            var reference = new EndpointReference((IResourceWithEndpoints)resource, endpoint);
            var own = changes.Where(change => !change.Adds).Aggregate(url, (current, change) => change.Change(reference, current));
            yield return Absolute(own.Url, url.Url);
            foreach (var added in changes.Where(change => change.Adds))
            {
                yield return Absolute(added.Change(reference, url).Url, url.Url);
            }
        }

        foreach (var url in resource.Annotations.OfType<ResourceUrlAnnotation>())
        {
            yield return url.Url;
        }

        static string Absolute(string url, string origin) => url.StartsWith('/') ? origin + url : url;
    }

    private void Show(List<Row> rows)
    {
        var state = string.Join('\n', rows.Select(row => $"{row.Name} {row.State}"));
        if (state == _shown)
        {
            return;
        }

        var isFirst = _shown is null;
        _shown = state;
        if (_host!.Dashboard is { } dashboard)
        {
            rows.Add(new Row("dashboard", dashboard.State, dashboard.State == "Running" ? Green : "", dashboard.Url, Settled: true));
        }

        var nameWidth = rows.Max(row => row.Name.Length);
        var stateWidth = rows.Max(row => row.State.Length);
        var seconds = (DateTime.UtcNow - _started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        lock (_lock)
        {
            Console.Out.WriteLine();
            Console.Out.WriteLine(Paint(Bold, $"  {"Resource".PadRight(nameWidth)}  {"State".PadRight(stateWidth)}  Address"));
            foreach (var row in rows)
            {
                Console.Out.WriteLine($"  {row.Name.PadRight(nameWidth)}  {Paint(row.Colour, row.State.PadRight(stateWidth))}  {row.Address}".TrimEnd());
            }

            Console.Out.WriteLine();
            if (isFirst)
            {
                var failed = string.Join(", ", rows.Where(row => row.Colour == Red).Select(row => row.Name));
                Console.Out.WriteLine(Paint(Bold, $"Up after {seconds} s{(failed.Length > 0 ? $", without {failed}" : "")}. Ctrl+C stops everything."));
            }
        }
    }

    private string Paint(string colour, string text) => _coloured && colour.Length > 0 ? colour + text + Reset : text;

    private sealed record Row(string Name, string State, string Colour, string Address, bool Settled);
}
