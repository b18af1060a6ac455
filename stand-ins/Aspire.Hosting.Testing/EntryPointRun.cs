using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>One run of an AppHost's entry point, on a thread of its own, which stops at <c>Build</c> until the test goes on.</summary>
internal sealed class EntryPointRun(Assembly assembly, string[] args, Action<DistributedApplicationOptions, HostApplicationBuilderSettings> configure)
    : EntryPointObserver
{
    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _application = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<bool> _goOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<DistributedApplicationBuilder> Builder => _builder.Task;
    public Task<DistributedApplication> Application => _application.Task;

    public void Start() => new Thread(Run) { IsBackground = true, Name = assembly.GetName().Name }.Start();

    /// <summary>Lets the entry point build the application.</summary>
    public void GoOn() => _goOn.TrySetResult(true);

    /// <summary>Ends the entry point if it still waits to build.</summary>
    public void Abandon() => _goOn.TrySetResult(false);

    public override void Creating(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        options.Args = settings.Args = [.. settings.Args ?? [], .. args];
        options.AssemblyName = settings.ApplicationName = assembly.GetName().Name;
        options.DisableDashboard = true;
        options.EnableResourceLogging = true;
        settings.Configuration ??= new ConfigurationManager();
        settings.Configuration.AddInMemoryCollection(LaunchProfileOf(assembly).DistinctBy(setting => setting.Key, StringComparer.OrdinalIgnoreCase));
        settings.Configuration.AddInMemoryCollection([KeyValuePair.Create("DcpPublisher:RandomizePorts", (string?)"true")]);
        configure(options, settings);
    }

    public override void Created(DistributedApplicationBuilder builder)
    {
    }

    public override void Building(DistributedApplicationBuilder builder)
    {
        _builder.TrySetResult(builder);
        if (!_goOn.Task.GetAwaiter().GetResult())
        {
            throw new AbandonedException();
        }
    }

    public override void Built(DistributedApplication application) => _application.TrySetResult(application);

    /// <summary>What <c>dotnet run</c> would have put into the environment: the first profile of the AppHost's launch settings.</summary>
    private static IEnumerable<KeyValuePair<string, string?>> LaunchProfileOf(Assembly assembly)
    {
        var folder = assembly.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(metadata => metadata.Key == "AppHostProjectPath")?.Value;
        if (folder is null || LaunchSettings.OfProjectIn(folder) is not { Profiles.Count: > 0 } settings)
        {
            yield break;
        }

        var (name, profile) = settings.Profiles.First();
        yield return KeyValuePair.Create("DOTNET_LAUNCH_PROFILE", (string?)name);
        foreach (var (key, value) in profile.EnvironmentVariables)
        {
            yield return KeyValuePair.Create(key, (string?)value);
            if (key.StartsWith("DOTNET_", StringComparison.OrdinalIgnoreCase) || key.StartsWith("ASPNETCORE_", StringComparison.OrdinalIgnoreCase))
            {
                yield return KeyValuePair.Create(key[(key.IndexOf('_') + 1)..], (string?)value);
            }
        }
    }

    private void Run()
    {
        Current = this;
        try
        {
            var main = assembly.EntryPoint ?? throw new InvalidOperationException($"{assembly.GetName().Name} has no entry point.");
            main.Invoke(null, main.GetParameters().Length == 0 ? null : [args]);
            Fail(new InvalidOperationException($"The entry point of {assembly.GetName().Name} ended without building an application."));
        }
        catch (TargetInvocationException exception)
        {
            Fail(exception.InnerException!);
        }
    }

    private void Fail(Exception exception)
    {
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
        _ = _application.Task.Exception;
        _ = _builder.Task.Exception;
    }

    /// <summary>Unwinds an entry point whose builder the test disposed.</summary>
    private sealed class AbandonedException : Exception;
}
