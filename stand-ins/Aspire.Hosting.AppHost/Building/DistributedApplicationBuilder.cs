using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Local;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting;

/// <summary>Composes an application of resources for the local host.</summary>
public class DistributedApplicationBuilder : IDistributedApplicationBuilder
{
    private readonly HostApplicationBuilder _host;
    private readonly EntryPointObserver? _observer = EntryPointObserver.Current;

    public DistributedApplicationBuilder(string[] args) : this(new DistributedApplicationOptions { Args = args })
    {
    }

    public DistributedApplicationBuilder(DistributedApplicationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var settings = new HostApplicationBuilderSettings { Args = options.Args };
        _observer?.Creating(options, settings);
        AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : Assembly.GetEntryAssembly();
        AppHostDirectory = Path.GetFullPath(options.ProjectDirectory ?? Metadata(AppHostAssembly, "AppHostProjectPath") ?? Directory.GetCurrentDirectory());
        settings.Args ??= options.Args;
        settings.ContentRootPath ??= AppHostDirectory;
        _host = new HostApplicationBuilder(settings);

        // Below everything else: the stand-ins run no containers.
        ((IConfigurationBuilder)_host.Configuration).Sources.Insert(
            0, new MemoryConfigurationSource { InitialData = [KeyValuePair.Create("Infrastructure", (string?)"embedded")] });

        var wish = Configuration["AppHost:Operation"] ?? Configuration["operation"];
        var operation = "publish".Equals(wish, StringComparison.OrdinalIgnoreCase)
            || (wish is null && (Configuration["Publishing:Publisher"] ?? Configuration["publisher"]) is not null)
            ? DistributedApplicationOperation.Publish
            : DistributedApplicationOperation.Run;
        ExecutionContext = new DistributedApplicationExecutionContext(operation);

        _host.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
        _host.Logging.AddFilter("System.Net.Http.HttpClient", LogLevel.Warning);
        _host.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);

        Services.AddSingleton(options);
        Services.AddSingleton(ExecutionContext);
        Services.AddSingleton(Eventing);
        Services.AddSingleton(TimeProvider.System);
        Services.AddSingleton(new DistributedApplicationModel(Resources));
        Services.AddSingleton<ResourceLoggerService>();
        Services.AddSingleton(services => new ResourceNotificationService(
            services.GetRequiredService<DistributedApplicationModel>(), services.GetRequiredService<ResourceLoggerService>()));
        Services.AddSingleton(services => new ResourceCommandService(services.GetRequiredService<LocalHost>()));
        Services.AddSingleton(new AppHostFolders(AppHostDirectory, Metadata(AppHostAssembly, "AppHostArtifactsPath") ?? Path.Combine(AppHostDirectory, "artifacts")));
        Services.AddSingleton<LocalHost>();
        Services.AddSingleton<IHostLifetime, SignalsAreTheRunnersBusiness>();
        Services.AddHealthChecks();
        Services.AddHttpClient();
        _observer?.Created(this);
    }

    public ConfigurationManager Configuration => _host.Configuration;
    public string AppHostDirectory { get; }
    public Assembly? AppHostAssembly { get; }
    public IHostEnvironment Environment => _host.Environment;
    public IServiceCollection Services => _host.Services;
    public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();
    public DistributedApplicationExecutionContext ExecutionContext { get; }
    public IResourceCollection Resources { get; } = new ResourceCollection();

    public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
    {
        Resources.Add(resource);
        return CreateResourceBuilder(resource);
    }

    public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

    public DistributedApplication Build()
    {
        _observer?.Building(this);
        var host = _host.Build();
        ExecutionContext.ServiceProvider = host.Services;
        var application = new DistributedApplication(host, _observer is not null);
        _observer?.Built(application);
        return application;
    }

    private static string? Metadata(Assembly? assembly, string key) =>
        assembly?.GetCustomAttributes<AssemblyMetadataAttribute>().FirstOrDefault(metadata => metadata.Key == key)?.Value;

    private sealed class SignalsAreTheRunnersBusiness : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}

/// <summary>Where the AppHost's project is, and where the build and the host put what they make.</summary>
internal sealed record AppHostFolders(string AppHost, string Artifacts);
