using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Local;

/// <summary>Asks the health checks of every running resource, and says once when a resource is ready.</summary>
internal sealed class HealthMonitor : IAsyncDisposable
{
    private static readonly TimeSpan FirstInterval = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan StartingInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SteadyInterval = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly LocalHost _host;
    private readonly HealthCheckService _checks;
    private readonly Task _watching;

    public HealthMonitor(LocalHost host, HealthCheckService checks, CancellationToken stopping)
    {
        _host = host;
        _checks = checks;
        _watching = WatchAsync(stopping);
    }

    public async ValueTask DisposeAsync() => await _watching;

    private async Task WatchAsync(CancellationToken stopping)
    {
        var monitored = new Dictionary<string, (CancellationTokenSource Stop, Task Monitoring)>();
        try
        {
            await foreach (var resourceEvent in _host.Notifications.WatchAsync(stopping))
            {
                var runs = resourceEvent.Snapshot.State?.Text == KnownResourceStates.Running;
                if (runs && !monitored.ContainsKey(resourceEvent.ResourceId))
                {
                    var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping);
                    monitored.Add(resourceEvent.ResourceId, (stop, MonitorAsync(resourceEvent.Resource, resourceEvent.ResourceId, stop.Token)));
                }
                else if (!runs && monitored.Remove(resourceEvent.ResourceId, out var ended))
                {
                    await ended.Stop.CancelAsync();
                    ended.Stop.Dispose();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }

        await Task.WhenAny(Task.WhenAll(monitored.Values.Select(entry => entry.Monitoring)), Task.Delay(TimeSpan.FromSeconds(2), CancellationToken.None));
    }

    private async Task MonitorAsync(IResource resource, string id, CancellationToken cancellationToken)
    {
        var keys = resource.Annotations.OfType<HealthCheckAnnotation>().Select(check => check.Key).ToHashSet();
        var interval = FirstInterval;
        var complainAt = DateTime.UtcNow + Patience;
        var ready = false;
        try
        {
            while (true)
            {
                var report = keys.Count == 0 ? null : await _checks.CheckHealthAsync(check => keys.Contains(check.Name), cancellationToken);
                cancellationToken.ThrowIfCancellationRequested();
                if (report is not null)
                {
                    await PublishAsync(resource, id, report);
                }

                var healthy = report is null or { Status: HealthStatus.Healthy };
                if (healthy && !ready)
                {
                    ready = true;
                    var handlers = _host.Eventing.PublishAsync(new ResourceReadyEvent(resource, _host.Services), cancellationToken);
                    await _host.Notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with { Ready = handlers });
                    await ObserveAsync(handlers, resource, id);
                }

                if (report is null)
                {
                    return;
                }

                if (!ready && DateTime.UtcNow > complainAt)
                {
                    complainAt = DateTime.UtcNow + (2 * Patience);
                    _host.Console?.Failed(id, $"runs, but is not healthy yet: {Complaint(report)}", _host.Logs.LastLines(id, 5));
                }

                await Task.Delay(interval, cancellationToken);
                interval = ready ? (healthy ? SteadyInterval : StartingInterval) : TimeSpan.FromTicks(Math.Min(StartingInterval.Ticks, interval.Ticks * 3 / 2));
            }
        }
        catch (OperationCanceledException)
        {
            // The resource or the host stops.
        }
    }

    private async Task ObserveAsync(Task handlers, IResource resource, string id)
    {
        try
        {
            await handlers;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The handlers are the AppHost's own code: whatever they throw is the reason.
            _host.NotReady(resource, id, exception);
        }
    }

    private Task PublishAsync(IResource resource, string id, HealthReport report) => _host.Notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with
    {
        HealthReports =
        [
            .. report.Entries.Select(entry =>
                new HealthReportSnapshot(entry.Key, entry.Value.Status, entry.Value.Description, entry.Value.Exception?.ToString()) { LastRunAt = DateTime.UtcNow }),
        ],
    });

    private static string Complaint(HealthReport report) => string.Join("; ", from entry in report.Entries
                                                                              where entry.Value.Status != HealthStatus.Healthy
                                                                              let reason = entry.Value.Exception?.Message ?? entry.Value.Description ?? entry.Value.Status.ToString()
                                                                              select string.Create(CultureInfo.InvariantCulture, $"{entry.Key}: {reason}"));
}
