using System.Collections.Immutable;
using System.Globalization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Local;

/// <summary>One process of a resource: of an executable its only one, of a project one per replica.</summary>
internal sealed class ResourceProcess(LocalHost host, IResource resource, string id, int replica) : IDisposable
{
    /// <summary>How long a process may take to end before it is killed.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(4);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private ManagedProcess? _process;
    private bool _stopping;

    public IResource Resource { get; } = resource;
    public string Id { get; } = id;

    /// <summary>Waits for what the resource waits for, then starts it. A failure becomes the resource's state and is told.</summary>
    /// <exception cref="DistributedApplicationException">It did not start.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_process is { Exit.IsCompleted: false })
            {
                return;
            }

            if (Resource.HasAnnotationOfType<WaitAnnotation>())
            {
                Publish(KnownResourceStates.Waiting);
                await host.Notifications.WaitForDependenciesAsync(Resource, cancellationToken);
            }

            Publish(KnownResourceStates.Starting);
            await host.Eventing.PublishAsync(new BeforeResourceStartedEvent(Resource, host.Services), cancellationToken);
            var plan = await PlanAsync(cancellationToken);
            cancellationToken.ThrowIfCancellationRequested();
            _stopping = false;
            _process = ManagedProcess.Start(plan, host.Watchdog, (line, isError) => host.Logs.Write(Id, line, isError));
            Publish(KnownResourceStates.Running, snapshot => snapshot with
            {
                StartTimeStamp = DateTime.UtcNow,
                StopTimeStamp = null,
                ExitCode = null,
                Properties =
                [
                    new ResourcePropertySnapshot("executable.pid", _process.Id),
                    new ResourcePropertySnapshot("executable.path", plan.Command),
                    new ResourcePropertySnapshot("executable.workDir", plan.WorkingDirectory),
                    new ResourcePropertySnapshot("executable.args", plan.Arguments.ToImmutableArray()),
                ],
            });
            _ = WatchAsync(_process);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            Publish(KnownResourceStates.Exited);
            throw;
        }
        catch (DependencyFailedException exception)
        {
            host.NotStarted(this, exception);
            Publish(KnownResourceStates.FailedToStart, snapshot => snapshot with { Reason = exception.Message });
            throw;
        }
        catch (Exception exception)
        {
            // Handlers and callbacks are the AppHost's own code: whatever they throw is the reason.
            host.Failed(this, $"did not start: {exception.Message}");
            Publish(KnownResourceStates.FailedToStart, snapshot => snapshot with { Reason = exception.Message });
            throw exception as DistributedApplicationException ?? new DistributedApplicationException($"'{Id}' did not start: {exception.Message}", exception);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Ends the process and all that came from it.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_process is { Exit.IsCompleted: false } process)
            {
                _stopping = true;
                Publish(KnownResourceStates.Stopping);
                await process.StopAsync(Grace);
                await ExitedAsync(process);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    /// <summary>All living processes of the resource.</summary>
    public IReadOnlyList<int> Members() => _process is { Exit.IsCompleted: false } process ? ProcessTree.Members(process.Id, $"{host.Id}/{Id}/") : [];

    private async Task WatchAsync(ManagedProcess process)
    {
        var code = await process.Exit;
        if (!_stopping)
        {
            host.Ended(this, code);
            await ExitedAsync(process);
        }
    }

    private async Task ExitedAsync(ManagedProcess process)
    {
        var code = await process.Exit;
        Publish(KnownResourceStates.Finished, snapshot => snapshot with { ExitCode = code, StopTimeStamp = DateTime.UtcNow });
        if (host.Notifications.TryGetCurrentState(Id, out var current))
        {
            try
            {
                await host.Eventing.PublishAsync(new ResourceStoppedEvent(Resource, host.Services, current));
            }
            catch (Exception exception)
            {
                // The handlers are the AppHost's own code; what they throw must not keep the host from stopping the rest.
                host.Logs.Write(Id, $"what was to be done after its end failed: {exception.Message}", isError: true);
            }
        }
    }

    private void Publish(string state, Func<CustomResourceSnapshot, CustomResourceSnapshot>? change = null) =>
        host.Notifications.PublishUpdateAsync(Resource, Id, snapshot =>
        {
            var next = snapshot with { State = state };
            if (state == KnownResourceStates.Starting)
            {
                next = next with
                {
                    Ready = null,
                    Reason = null,
                    HealthReports = [.. next.HealthReports.Select(report => new HealthReportSnapshot(report.Name, null, null, null))],
                };
            }

            return change?.Invoke(next) ?? next;
        });

    private async Task<ProcessPlan> PlanAsync(CancellationToken cancellationToken)
    {
        var variables = new Dictionary<string, object>();
        if (Resource is ProjectResource)
        {
            AddProjectDefaults(variables);
        }

        foreach (var callback in Resource.Annotations.OfType<EnvironmentCallbackAnnotation>().ToList())
        {
            await callback.Callback(new EnvironmentCallbackContext(host.ExecutionContext, Resource, variables, cancellationToken)
            {
                Logger = host.Logs.GetLogger(Resource),
            });
        }

        var arguments = new List<object>();
        foreach (var callback in Resource.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToList())
        {
            await callback.Callback(new CommandLineArgsCallbackContext(arguments, Resource, cancellationToken)
            {
                ExecutionContext = host.ExecutionContext,
                Logger = host.Logs.GetLogger(Resource),
            });
        }

        var environment = new Dictionary<string, string?>();
        foreach (var (name, value) in variables)
        {
            environment[name] = await ResolveAsync(value, cancellationToken);
        }

        var words = new List<string>();
        foreach (var argument in arguments)
        {
            if (await ResolveAsync(argument, cancellationToken) is { } word)
            {
                words.Add(word);
            }
        }

        var marker = $"{host.Id}/{Id}/";
        return Resource switch
        {
            ExecutableResource executable => new ProcessPlan(marker, executable.Command, words, executable.WorkingDirectory, environment),
            ProjectResource project => PlanProject(project, marker, words, environment),
            _ => throw new InvalidOperationException($"'{Id}' is no process."),
        };
    }

    private void AddProjectDefaults(Dictionary<string, object> variables)
    {
        // One line per message, so that the lines of several services can be read together.
        variables["LOGGING__CONSOLE__FORMATTERNAME"] = "simple";
        variables["LOGGING__CONSOLE__FORMATTEROPTIONS__SINGLELINE"] = "true";
        // Where it listens and that it runs is in the host's table.
        variables["LOGGING__LOGLEVEL__MICROSOFT.HOSTING.LIFETIME"] = "Warning";
        var urls = from endpoint in Resource.Annotations.OfType<EndpointAnnotation>()
                   where endpoint.UriScheme is "http" or "https"
                   let port = replica == 0 ? endpoint.AllocatedEndpoint!.Port : endpoint.ReplicaPorts[replica - 1]
                   select string.Create(CultureInfo.InvariantCulture, $"{endpoint.UriScheme}://{endpoint.AllocatedEndpoint!.Address}:{port}");
        var joined = string.Join(';', urls);
        if (joined.Length > 0)
        {
            variables["ASPNETCORE_URLS"] = joined;
        }

        if (host.Dashboard is { } dashboard)
        {
            dashboard.AddExporter(variables, Resource.Name, Id);
        }
    }

    private static ProcessPlan PlanProject(ProjectResource project, string marker, List<string> arguments, Dictionary<string, string?> environment)
    {
        var metadata = project.Annotations.OfType<IProjectMetadata>().Last();
        var target = (metadata as IBuiltProject)?.TargetPath
            ?? throw new DistributedApplicationException("the stand-ins run only projects that the AppHost references");
        if (!File.Exists(target))
        {
            throw new DistributedApplicationException($"{target} is not built; build the AppHost");
        }

        // The program that runs this very process: <root>/shared/Microsoft.NETCore.App/<version>/ has the runtime, <root>/ the program.
        var root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        var dotnet = Path.Combine(root, OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet");
        return new ProcessPlan(marker, dotnet, ["exec", target, .. arguments], Path.GetDirectoryName(metadata.ProjectPath)!, environment);
    }

    private static async ValueTask<string?> ResolveAsync(object value, CancellationToken cancellationToken) => value switch
    {
        string text => text,
        IValueProvider provider => await provider.GetValueAsync(cancellationToken),
        IResourceBuilder<IResource> { Resource: IValueProvider provider } => await provider.GetValueAsync(cancellationToken),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };
}

/// <summary>What a resource waits for failed.</summary>
internal sealed class DependencyFailedException(string message) : DistributedApplicationException(message);
