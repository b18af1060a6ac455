using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost.Publishing;

/// <summary>What the application is published for. It shapes what is in the model for that; a run knows nothing of it.</summary>
internal abstract class DeploymentTarget(IDistributedApplicationBuilder builder)
{
    /// <summary>The setting that chooses: <c>compose</c> or <c>kubernetes</c>. Without it there is the manifest only, which azd reads.</summary>
    public const string Setting = "Deploy:Target";

    /// <summary>The setting that has Aspire's dashboard deployed too, for the telemetry.</summary>
    public const string DashboardSetting = "Deploy:Dashboard";

    /// <summary>Where a service listens within its container; the images' user may not use a port below 1024.</summary>
    protected const int ContainerPort = 8080;

    /// <summary>Where the API is found from outside its container.</summary>
    private const int ApiPort = 8083;

    /// <summary>Memory that a service may use. Half of it is what one under load was seen to take (docs/performance.md).</summary>
    protected const int MemoryInMiB = 512;

    /// <summary>The settings.</summary>
    protected IConfiguration Configuration => builder.Configuration;

    /// <summary>Whether the dashboard is deployed too.</summary>
    protected bool HasDashboard => Configuration.GetValue<bool>(DashboardSetting);

    /// <summary>The target that is wished for, or <c>null</c> for the manifest.</summary>
    /// <exception cref="InfrastructureException">There is no such target.</exception>
    public static DeploymentTarget? Choose(IDistributedApplicationBuilder builder) => builder.Configuration[Setting] switch
    {
        null => null,
        "compose" => new ComposeTarget(builder),
        "kubernetes" => new KubernetesTarget(builder),
        var other => throw new InfrastructureException($"The setting {Setting} is '{other}'. It can be compose or kubernetes; without it there is the manifest for azd."),
    };

    /// <summary>Adds the target to the model and shapes all that is there.</summary>
    public void Apply()
    {
        AddEnvironment(builder);
        foreach (var server in builder.Resources.OfType<ContainerResource>().ToList())
        {
            Shape(builder.CreateResourceBuilder(server));
        }

        var projects = builder.Resources.OfType<ProjectResource>().ToList();
        var telemetry = HasDashboard ? null : builder.AddParameter("otlp-endpoint", "", publishValueAsDefault: true);
        foreach (var project in projects)
        {
            Listen(project);
            var service = builder.CreateResourceBuilder(project).WithEnvironment("OTEL_SERVICE_NAME", project.Name);
            if (telemetry is not null)
            {
                service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", telemetry);
            }

            if (project.Name == ResourceNames.Migrations)
            {
                ShapeMigrations(service);
            }
            else
            {
                Shape(service);
            }
        }
    }

    /// <summary>Adds the place that everything is deployed to.</summary>
    protected abstract void AddEnvironment(IDistributedApplicationBuilder builder);

    /// <summary>Shapes a server: PostgreSQL, Redis or Kafka.</summary>
    protected abstract void Shape(IResourceBuilder<ContainerResource> server);

    /// <summary>Shapes a service of ours, or a stub.</summary>
    protected abstract void Shape(IResourceBuilder<ProjectResource> service);

    /// <summary>Shapes the run that migrates the database, and what comes after it.</summary>
    protected abstract void ShapeMigrations(IResourceBuilder<ProjectResource> migrations);

    /// <summary>Whether a service is one of ours that serves.</summary>
    public static bool IsOurs(IResource service) => service.Name is ResourceNames.Api or ResourceNames.Worker;

    /// <summary>Plain HTTP only: TLS ends before, at the proxy or the ingress.</summary>
    private static void Listen(ProjectResource project)
    {
        foreach (var endpoint in project.Annotations.OfType<EndpointAnnotation>().ToList())
        {
            if (endpoint.UriScheme == "https")
            {
                project.Annotations.Remove(endpoint);
                continue;
            }

            endpoint.TargetPort = ContainerPort;
            endpoint.Port = project.Name == ResourceNames.Api ? ApiPort : ContainerPort;
        }
    }
}

/// <summary>Prepares the model for being published.</summary>
internal static class DeploymentExtensions
{
    /// <summary>The last step before the application is built; nothing where it is run.</summary>
    /// <exception cref="InfrastructureException">A setting has a value that is none.</exception>
    public static void PrepareDeployment(this IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsRunMode)
        {
            return;
        }

        foreach (var service in builder.Resources.OfType<ProjectResource>().Where(DeploymentTarget.IsOurs).ToList())
        {
            AddProbes(builder.CreateResourceBuilder(service));
        }

        DeploymentTarget.Choose(builder)?.Apply();
    }

    /// <summary>
    /// A service that waits for what it depends on has started and lives: to start it again would help nobody. It gets no requests until it
    /// is ready. <c>/health</c> answers within 5 s, whatever hangs.
    /// </summary>
    private static void AddProbes(IResourceBuilder<ProjectResource> service)
    {
        Add(ProbeType.Startup, "/alive", period: 2, failures: 30);
        Add(ProbeType.Liveness, "/alive", period: 10, failures: 6);
        Add(ProbeType.Readiness, "/health", period: 5, failures: 2);

        // Not WithHttpProbe, which also adds a health check, and refuses the second of one path.
        void Add(ProbeType type, string path, int period, int failures) => service.WithAnnotation(new EndpointProbeAnnotation
        {
            Type = type,
            EndpointReference = service.GetEndpoint("http"),
            Path = path,
            InitialDelaySeconds = 0,
            PeriodSeconds = period,
            TimeoutSeconds = 6,
            FailureThreshold = failures,
            SuccessThreshold = 1,
        });
    }
}
