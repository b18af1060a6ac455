using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Aspire.Hosting.Local;

/// <summary>Runs the resources of an application as processes of this machine.</summary>
internal sealed class LocalHost(
    IServiceProvider services,
    DistributedApplicationModel model,
    DistributedApplicationOptions options,
    DistributedApplicationExecutionContext executionContext,
    IDistributedApplicationEventing eventing,
    ResourceNotificationService notifications,
    ResourceLoggerService logs,
    IConfiguration configuration,
    AppHostFolders folders) : IDisposable
{
    /// <summary>When everything must be over: what is left then is killed.</summary>
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(8);

    private readonly CancellationTokenSource _stopping = new();
    private readonly TaskCompletionSource<string> _cannotGoOn = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly List<ResourceProcess> _processes = [];
    private Watchdog? _watchdog;
    private HealthMonitor? _monitor;
    private Task? _starting;
    private Task? _stopped;

    /// <summary>Tells the processes of this host from those of another.</summary>
    public string Id { get; } = Guid.NewGuid().ToString("N");

    public IServiceProvider Services { get; } = services;
    public DistributedApplicationExecutionContext ExecutionContext { get; } = executionContext;
    public IDistributedApplicationEventing Eventing { get; } = eventing;
    public ResourceNotificationService Notifications { get; } = notifications;
    public ResourceLoggerService Logs { get; } = logs;
    public DistributedApplicationModel Model { get; } = model;
    public IReadOnlyList<ResourceProcess> Processes => _processes;
    public Watchdog Watchdog => _watchdog ?? throw new InvalidOperationException("The application is not started.");

    /// <summary>Where everything is shown; set by the runner, none under test.</summary>
    public HostConsole? Console { get; set; }

    /// <summary>The dashboard that telemetry goes to, if any.</summary>
    public Dashboard? Dashboard { get; private set; }

    /// <summary>Whether the end has begun.</summary>
    public bool IsStopping => _stopping.IsCancellationRequested;

    /// <summary>Completes with the reason when a resource failed that others wait for.</summary>
    public Task<string> CannotGoOn => _cannotGoOn.Task;

    /// <summary>Gives out the ports and has everything start; each resource follows as soon as what it waits for is there.</summary>
    /// <exception cref="DistributedApplicationException">Something is wrong already; nothing was started.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (ExecutionContext.IsPublishMode)
        {
            throw new DistributedApplicationException(
                "Publishing needs the genuine Aspire packages, and this build uses the stand-ins, which only run. "
                + "Build with -p:UseStandIns=false where the package source has Aspire (stand-ins/README.md; https://aspire.dev/deployment/).");
        }

        using var started = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _stopping.Token);
        cancellationToken = started.Token;
        await Eventing.PublishAsync(new BeforeStartEvent(Services, Model), cancellationToken);
        cancellationToken.ThrowIfCancellationRequested();
        await CheckAsync(cancellationToken);
        Ports.Allocate(Model, randomize: configuration.GetValue("DcpPublisher:RandomizePorts", false));
        Dashboard = Console is not null && !options.DisableDashboard && configuration.GetValue("Dashboard:Enabled", true)
            ? Dashboard.Plan(configuration, folders, Id)
            : null;

        Logs.Sink = Console is not null ? Console.Write : options.EnableResourceLogging ? Forward : null;
        _watchdog = new Watchdog(Id);
        Announce();
        Console?.Begin(this);
        _monitor = new HealthMonitor(this, Services.GetRequiredService<HealthCheckService>(), _stopping.Token);
        foreach (var resource in Model.Resources)
        {
            _ = InitializeAsync(resource);
        }

        foreach (var resource in Model.Resources.ToList())
        {
            if (resource.HasAnnotationOfType<EndpointAnnotation>())
            {
                await Eventing.PublishAsync(new ResourceEndpointsAllocatedEvent(resource, Services), cancellationToken);
            }

            if (resource is IResourceWithConnectionString)
            {
                await Eventing.PublishAsync(new ConnectionStringAvailableEvent(resource, Services), cancellationToken);
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        Dashboard?.Start(_watchdog, line => Console?.Say(line), _stopping.Token);
        _starting = Task.WhenAll(_processes.Where(process => !process.Resource.HasAnnotationOfType<ExplicitStartupAnnotation>()).Select(StartAsync));
        await Eventing.PublishAsync(new AfterResourcesCreatedEvent(Services, Model), cancellationToken);

        async Task StartAsync(ResourceProcess process)
        {
            try
            {
                await process.StartAsync(_stopping.Token);
            }
            catch (DistributedApplicationException)
            {
                // Told already, and the resource's state.
            }
            catch (OperationCanceledException)
            {
                // The host stops.
            }
        }
    }

    /// <summary>Stops everything, those that use others first. May be called several times; all callers wait for the end.</summary>
    public Task StopAsync()
    {
        lock (_lock)
        {
            return _stopped ??= StopCoreAsync();
        }
    }

    /// <summary>Kills everything at once.</summary>
    private void Kill()
    {
        foreach (var pid in ProcessTree.Members(0, $"{Id}/").Union(_processes.SelectMany(process => process.Members())))
        {
            ProcessTree.Signal(pid, ProcessTree.Kill);
        }
    }

    public void Dispose()
    {
        _stopping.Dispose();
        _watchdog?.Dispose();
        _processes.ForEach(process => process.Dispose());
    }

    /// <summary>Kills everything at once, and has nobody look after it: the process is about to exit.</summary>
    public void KillAndForget()
    {
        Kill();
        _watchdog?.Dispose();
    }

    /// <summary>A resource could not be started.</summary>
    public void Failed(ResourceProcess process, string what)
    {
        Console?.Failed(process.Id, what, Logs.LastLines(process.Id, 20));
        Consider(process.Resource, $"'{process.Id}' {what}");
    }

    /// <summary>A resource was not even tried.</summary>
    public void NotStarted(ResourceProcess process, DependencyFailedException reason)
    {
        if (!CannotGoOn.IsCompleted && !IsStopping)
        {
            Console?.Failed(process.Id, $"not started because {reason.Message}", []);
        }
    }

    /// <summary>A process ended by itself.</summary>
    public void Ended(ResourceProcess process, int exitCode)
    {
        var expected = (from resource in Model.Resources
                        from wait in resource.Annotations.OfType<WaitAnnotation>()
                        where wait.Resource == process.Resource && wait.WaitType == WaitType.WaitForCompletion
                        select (int?)wait.ExitCode).FirstOrDefault();
        if (exitCode == expected || IsStopping)
        {
            return;
        }

        var what = string.Create(CultureInfo.InvariantCulture, $"ended with exit code {exitCode}");
        Console?.Failed(process.Id, what, exitCode == 0 ? [] : Logs.LastLines(process.Id, 20));
        Consider(process.Resource, $"'{process.Id}' {what}");
    }

    /// <summary>A step of the AppHost's own after a resource's start failed.</summary>
    public void NotReady(IResource resource, string id, Exception exception)
    {
        Console?.Failed(id, $"runs, but what was to be done then failed: {exception.Message}", []);
        Consider(resource, $"a step after the start of '{id}' failed: {exception.Message}");
    }

    /// <summary>The host can't go on when others still wait for the resource that failed, or for one that waits for it.</summary>
    private void Consider(IResource failed, string what)
    {
        var unavailable = new HashSet<IResource> { failed };
        var waiting = new List<ResourceProcess>();
        while (_processes.Find(process => !waiting.Contains(process) && IsWaiting(process) && WaitsForAny(process.Resource)) is { } found)
        {
            waiting.Add(found);
            unavailable.Add(found.Resource);
        }

        if (waiting.Count > 0)
        {
            _cannotGoOn.TrySetResult($"{what}, and {string.Join(", ", waiting.Select(process => process.Id))} {(waiting.Count == 1 ? "waits" : "wait")} for it.");
        }

        bool IsWaiting(ResourceProcess process) =>
            Notifications.TryGetCurrentState(process.Id, out var state) && state.Snapshot.State?.Text == KnownResourceStates.Waiting;

        bool WaitsForAny(IResource resource) => resource.Annotations.OfType<WaitAnnotation>()
            .Any(wait => unavailable.Contains(wait.Resource) || (wait.Resource is IResourceWithParent { Parent: { } parent } && unavailable.Contains(parent)));
    }

    /// <summary>Whatever can be known to be wrong before anything starts.</summary>
    private async Task CheckAsync(CancellationToken cancellationToken)
    {
        var containers = Model.Resources.OfType<ContainerResource>().Select(resource => resource.Name).ToList();
        if (containers.Count > 0)
        {
            throw new DistributedApplicationException(
                $"The stand-ins run no containers, and {string.Join(", ", containers)} {(containers.Count == 1 ? "is one" : "are some")}; use --embedded.");
        }

        foreach (var parameter in Model.Resources.OfType<ParameterResource>())
        {
            await parameter.GetValueAsync(cancellationToken);
        }

        var registered = Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name).ToHashSet();
        foreach (var resource in Model.Resources)
        {
            if (resource.Annotations.OfType<HealthCheckAnnotation>().FirstOrDefault(check => !registered.Contains(check.Key)) is { } missing)
            {
                throw new DistributedApplicationException($"'{resource.Name}' has the health check '{missing.Key}', which is not registered.");
            }
        }
    }

    /// <summary>Every resource gets its first state.</summary>
    private void Announce()
    {
        foreach (var resource in Model.Resources)
        {
            var replicas = resource is ExecutableResource or ProjectResource ? Math.Max(1, resource.GetReplicaCount()) : 0;
            for (var replica = 0; replica < replicas; replica++)
            {
                var id = replicas == 1 ? resource.Name : string.Create(CultureInfo.InvariantCulture, $"{resource.Name}-{replica + 1}");
                _processes.Add(new ResourceProcess(this, resource, id, replica));
                _ = Notifications.PublishUpdateAsync(resource, id, snapshot => snapshot with { State = KnownResourceStates.NotStarted });
            }

            if (replicas == 0)
            {
                _ = Notifications.PublishUpdateAsync(resource, resource.Name, snapshot => resource.TryGetLastAnnotation<ResourceSnapshotAnnotation>(out var initial)
                    ? initial.InitialSnapshot with { HealthReports = snapshot.HealthReports }
                    : snapshot with { State = resource is ParameterResource ? KnownResourceStates.Active : KnownResourceStates.NotStarted });
            }
        }
    }

    private async Task InitializeAsync(IResource resource)
    {
        try
        {
            await Eventing.PublishAsync(new InitializeResourceEvent(resource, Eventing, Logs, Notifications, Services), _stopping.Token);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // The handler is the AppHost's own code: whatever it throws is the reason.
            await Notifications.PublishUpdateAsync(resource, snapshot => snapshot with { State = KnownResourceStates.FailedToStart });
            Console?.Failed(resource.Name, $"did not start: {exception.Message}", []);
            Consider(resource, $"'{resource.Name}' did not start: {exception.Message}");
        }
    }

    private async Task StopCoreAsync()
    {
        await _stopping.CancelAsync();
        if (_watchdog is null)
        {
            return;
        }

        if (_starting is not null)
        {
            await Task.WhenAny(_starting, Task.Delay(TimeSpan.FromSeconds(2)));
        }

        var all = StopInOrderAsync();
        if (await Task.WhenAny(all, Task.Delay(StopTime)) != all)
        {
            Kill();
            await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(1)));
        }

        if (_monitor is not null)
        {
            await _monitor.DisposeAsync();
        }

        Kill();
        _watchdog.Dispose();
        Notifications.Dispose();
        Logs.Dispose();
    }

    /// <summary>A resource stops when everything that uses it has.</summary>
    private async Task StopInOrderAsync()
    {
        var users = _processes.ToDictionary(process => process, process => _processes.Where(other => Uses(other.Resource, process.Resource)).ToList());
        var stops = new Dictionary<ResourceProcess, Task>();
        foreach (var process in _processes)
        {
            _ = Stop(process, []);
        }

        await Task.WhenAll(stops.Values.Append(Dashboard?.StopAsync() ?? Task.CompletedTask));

        Task Stop(ResourceProcess process, HashSet<ResourceProcess> path)
        {
            if (stops.TryGetValue(process, out var stop))
            {
                return stop;
            }

            // A circle of references is no order: whoever closes it is not waited for.
            path = [.. path, process];
            return stops[process] = StopAfterAsync(users[process].Where(user => !path.Contains(user)).Select(user => Stop(user, path)).ToList(), process);
        }

        static async Task StopAfterAsync(List<Task> users, ResourceProcess process)
        {
            await Task.WhenAll(users);
            await process.StopAsync(CancellationToken.None);
        }

        static bool Uses(IResource user, IResource used) => user != used && user.Annotations.OfType<ResourceRelationshipAnnotation>()
            .Any(relation => relation.Type != "Parent" && (relation.Resource == used || (relation.Resource as IResourceWithParent)?.Parent == used));
    }

    private void Forward(string resource, LogLine line)
    {
        var logger = Services.GetRequiredService<ILoggerFactory>().CreateLogger($"{options.AssemblyName ?? "AppHost"}.Resources.{resource}");
#pragma warning disable CA1848, CA2254 // The line is the message
        logger.Log(line.IsErrorMessage ? LogLevel.Error : LogLevel.Information, line.Content);
#pragma warning restore CA1848, CA2254
    }
}
