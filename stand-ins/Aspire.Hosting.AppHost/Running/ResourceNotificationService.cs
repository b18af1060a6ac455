using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Aspire.Hosting.Local;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>The current state of every resource, and its changes.</summary>
public class ResourceNotificationService : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ResourceEvent> _states = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<Channel<ResourceEvent>> _watchers = [];
    private readonly DistributedApplicationModel _model;
    private readonly ResourceLoggerService _logs;
    private bool _disposed;

    internal ResourceNotificationService(DistributedApplicationModel model, ResourceLoggerService logs)
    {
        _model = model;
        _logs = logs;
    }

    public Task PublishUpdateAsync(IResource resource, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        List<string> ids;
        lock (_lock)
        {
            ids = [.. from state in _states where state.Value.Resource == resource select state.Key];
        }

        foreach (var id in ids.DefaultIfEmpty(resource.Name))
        {
            Publish(resource, id, stateFactory);
        }

        return Task.CompletedTask;
    }

    public Task PublishUpdateAsync(IResource resource, string resourceId, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        Publish(resource, resourceId, stateFactory);
        return Task.CompletedTask;
    }

    public bool TryGetCurrentState(string resourceId, [NotNullWhen(true)] out ResourceEvent? resourceEvent)
    {
        lock (_lock)
        {
            return _states.TryGetValue(resourceId, out resourceEvent);
        }
    }

    /// <summary>The current state of every resource, then every change.</summary>
    public async IAsyncEnumerable<ResourceEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var channel = Channel.CreateUnbounded<ResourceEvent>();
        lock (_lock)
        {
            foreach (var state in _states.Values)
            {
                channel.Writer.TryWrite(state);
            }

            if (_disposed)
            {
                channel.Writer.TryComplete();
            }

            _watchers.Add(channel);
        }

        try
        {
            await foreach (var resourceEvent in channel.Reader.ReadAllAsync(cancellationToken))
            {
                yield return resourceEvent;
            }
        }
        finally
        {
            lock (_lock)
            {
                _watchers.Remove(channel);
            }
        }
    }

    public Task WaitForResourceAsync(string resourceName, string? targetState = null, CancellationToken cancellationToken = default) =>
        WaitForResourceAsync(resourceName, [targetState ?? KnownResourceStates.Running], cancellationToken);

    public async Task<string> WaitForResourceAsync(string resourceName, IEnumerable<string> targetStates, CancellationToken cancellationToken = default)
    {
        var states = targetStates.ToHashSet(StringComparer.OrdinalIgnoreCase);
        var reached = await WaitForResourceAsync(
            resourceName,
            resourceEvent => resourceEvent.Snapshot.State is { } state && states.Contains(state.Text),
            cancellationToken);
        return reached.Snapshot.State!.Text;
    }

    public async Task<ResourceEvent> WaitForResourceAsync(string resourceName, Func<ResourceEvent, bool> predicate, CancellationToken cancellationToken = default)
    {
        try
        {
            await foreach (var resourceEvent in WatchAsync(cancellationToken))
            {
                if (string.Equals(resourceEvent.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase) && predicate(resourceEvent))
                {
                    return resourceEvent;
                }
            }
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(
                $"'{resourceName}' did not reach the state waited for: {Describe(resourceName)}", exception, cancellationToken);
        }

        throw new OperationCanceledException($"The application ended while '{resourceName}' was waited for: {Describe(resourceName)}");
    }

    public Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, CancellationToken cancellationToken = default) =>
        WaitForResourceHealthyAsync(resourceName, WaitBehavior.StopOnResourceUnavailable, cancellationToken);

    /// <summary>Waits until the resource runs, its health checks pass and the handlers of <see cref="ResourceReadyEvent"/> are done.</summary>
    /// <exception cref="DistributedApplicationException">The resource ended or does not exist; the message has its last lines.</exception>
    public async Task<ResourceEvent> WaitForResourceHealthyAsync(string resourceName, WaitBehavior waitBehavior, CancellationToken cancellationToken = default)
    {
        if (!_model.Resources.TryGetByName(resourceName, out _))
        {
            throw new DistributedApplicationException($"There is no resource '{resourceName}'.");
        }

        var reached = await WaitForResourceAsync(
            resourceName,
            resourceEvent => resourceEvent.Snapshot is { HealthStatus: HealthStatus.Healthy, Ready: not null }
                || (waitBehavior == WaitBehavior.StopOnResourceUnavailable && IsTerminal(resourceEvent.Snapshot)),
            cancellationToken);
        if (reached.Snapshot.Ready is not { } ready || IsTerminal(reached.Snapshot))
        {
            throw new DistributedApplicationException($"'{resourceName}' did not become healthy: {Describe(resourceName)}");
        }

        await ready.WaitAsync(cancellationToken);
        return reached;
    }

    /// <summary>Waits for everything that the resource's <see cref="WaitAnnotation"/>s name.</summary>
    /// <exception cref="DistributedApplicationException">One of them failed.</exception>
    public Task WaitForDependenciesAsync(IResource resource, CancellationToken cancellationToken) =>
        Task.WhenAll(resource.Annotations.OfType<WaitAnnotation>().ToList().Select(wait => WaitForAsync(wait, cancellationToken)));

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryComplete();
            }
        }

        GC.SuppressFinalize(this);
    }

    internal static bool IsTerminal(CustomResourceSnapshot snapshot) =>
        snapshot.State is { } state && KnownResourceStates.TerminalStates.Contains(state.Text);

    internal IReadOnlyList<ResourceEvent> Current()
    {
        lock (_lock)
        {
            return [.. _states.Values];
        }
    }

    /// <summary>State, exit code, failing checks and last lines of a resource, for messages.</summary>
    internal string Describe(string resourceName)
    {
        var states = Current().Where(state => string.Equals(state.Resource.Name, resourceName, StringComparison.OrdinalIgnoreCase)).ToList();
        if (states.Count == 0)
        {
            return "it has no state yet.";
        }

        var parts = states.Select(state =>
        {
            var snapshot = state.Snapshot;
            var exit = snapshot.ExitCode is { } code ? $", exit code {code}" : "";
            var checks = string.Concat(from report in snapshot.HealthReports
                                       where report.Status != HealthStatus.Healthy
                                       select $", check {report.Name}: {report.ExceptionText?.Split('\n')[0] ?? report.Description ?? "not run yet"}");
            return $"{snapshot.State?.Text}{exit}{checks}{(snapshot.Reason is { } reason ? $", because {reason}" : "")}";
        });
        var lines = _logs.LastLines(states[0].ResourceId, 20);
        return string.Join("; ", parts) + (lines.Count == 0 ? "." : $". Its last lines:\n  {string.Join("\n  ", lines)}");
    }

    private async Task WaitForAsync(WaitAnnotation wait, CancellationToken cancellationToken)
    {
        var replicas = Math.Max(1, wait.Resource.GetReplicaCount());
        var reached = new Dictionary<string, ResourceEvent>();
        await foreach (var resourceEvent in WatchAsync(cancellationToken))
        {
            if (resourceEvent.Resource != wait.Resource || reached.ContainsKey(resourceEvent.ResourceId))
            {
                continue;
            }

            var snapshot = resourceEvent.Snapshot;
            if (IsTerminal(snapshot) && !(wait.WaitType == WaitType.WaitForCompletion && snapshot.ExitCode == wait.ExitCode))
            {
                throw new DependencyFailedException(wait.WaitType == WaitType.WaitForCompletion && snapshot.ExitCode is { } code
                    ? $"'{wait.Resource.Name}' ended with exit code {code}"
                    : $"'{wait.Resource.Name}' {(snapshot.State?.Text == KnownResourceStates.FailedToStart ? "did not start" : "ended")}");
            }

            if (wait.WaitType switch
            {
                WaitType.WaitForCompletion => IsTerminal(snapshot),
                WaitType.WaitUntilStarted => snapshot.State?.Text == KnownResourceStates.Running,
                _ => snapshot is { HealthStatus: HealthStatus.Healthy, Ready: not null },
            })
            {
                reached[resourceEvent.ResourceId] = resourceEvent;
                if (reached.Count == replicas)
                {
                    break;
                }
            }
        }

        if (wait.WaitType == WaitType.WaitUntilHealthy)
        {
            try
            {
                await Task.WhenAll(reached.Values.Select(state => state.Snapshot.Ready!)).WaitAsync(cancellationToken);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                // The handlers are the AppHost's own code: whatever they throw is the reason.
                throw new DependencyFailedException($"a step after the start of '{wait.Resource.Name}' failed: {exception.Message}");
            }
        }
    }

    private void Publish(IResource resource, string id, Func<CustomResourceSnapshot, CustomResourceSnapshot> stateFactory)
    {
        lock (_lock)
        {
            var current = _states.TryGetValue(id, out var state) ? state.Snapshot : new CustomResourceSnapshot
            {
                ResourceType = resource.GetType().Name,
                Properties = [],
                CreationTimeStamp = DateTime.UtcNow,
                HealthReports = [.. from check in resource.Annotations.OfType<HealthCheckAnnotation>() select new HealthReportSnapshot(check.Key, null, null, null)],
            };
            var next = new ResourceEvent(resource, id, stateFactory(current));
            _states[id] = next;
            foreach (var watcher in _watchers)
            {
                watcher.Writer.TryWrite(next);
            }
        }
    }
}
