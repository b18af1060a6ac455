using System.Globalization;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

namespace OrderService.AppHost.Publishing;

/// <summary>One machine with Docker Compose.</summary>
internal sealed class ComposeTarget(IDistributedApplicationBuilder builder) : DeploymentTarget(builder)
{
    /// <summary>The name of the project, which containers and volumes begin with.</summary>
    private const string ProjectName = "order-service";

    /// <inheritdoc/>
    protected override void AddEnvironment(IDistributedApplicationBuilder builder) => builder.AddDockerComposeEnvironment("compose")
        .WithDashboard(HasDashboard)
        .ConfigureComposeFile(file => file.Name = ProjectName);

    /// <inheritdoc/>
    protected override void Shape(IResourceBuilder<ContainerResource> server) => server.PublishAsDockerComposeService((_, service) =>
    {
        service.Restart = "unless-stopped";
        service.StopGracePeriod = "60s";
        service.SecurityOpt.Add("no-new-privileges:true");
        if (server.Resource.Name == ResourceNames.Postgres)
        {
            service.Healthcheck = Check(["CMD", "pg_isready", "--username", "postgres"]);
        }
    });

    /// <inheritdoc/>
    protected override void Shape(IResourceBuilder<ProjectResource> service)
    {
        var replicas = service.Resource.GetReplicaCount();
        if (replicas > 1 && service.Resource.Name == ResourceNames.Api)
        {
            throw new InfrastructureException("Docker Compose runs one API, since a port of the machine is one container's. Leave Api:Replicas out, or publish for kubernetes.");
        }

        var assembly = Path.GetFileNameWithoutExtension(service.Resource.Annotations.OfType<IProjectMetadata>().Single().ProjectPath);
        service.PublishAsDockerComposeService((_, container) =>
        {
            Harden(container);
            container.Restart = "unless-stopped";
            // A service that is asked to stop finishes what it has begun, within 10 s.
            container.StopGracePeriod = "20s";
            container.Deploy!.Replicas = replicas;
            if (IsOurs(service.Resource))
            {
                container.Healthcheck = Check(["CMD", "dotnet", $"{assembly}.dll", HealthProbe.Command, $"http://localhost:{ContainerPort}/health"]);
            }
        });
    }

    /// <inheritdoc/>
    protected override void ShapeMigrations(IResourceBuilder<ProjectResource> migrations) => migrations.PublishAsDockerComposeService((_, container) =>
    {
        Harden(container);
        container.Restart = "no";
        // Migrating begins once PostgreSQL answers; the services begin once migrating has ended well.
        if (container.DependsOn.TryGetValue(ResourceNames.Postgres, out var postgres))
        {
            postgres.Condition = "service_healthy";
        }
    });

    /// <summary>No rights, nothing to write to but a folder in memory, and a bound on memory.</summary>
    private static void Harden(Service container)
    {
        container.ReadOnly = true;
        container.Tmpfs.Add("/tmp");
        container.CapDrop.Add("ALL");
        container.SecurityOpt.Add("no-new-privileges:true");
        container.Deploy = new Deploy
        {
            Resources = new Resources { Limits = new ResourceSpec { Memory = string.Create(CultureInfo.InvariantCulture, $"{MemoryInMiB}M") } },
        };
    }

    private static Healthcheck Check(List<string> command) =>
        new() { Test = command, Interval = "10s", Timeout = "10s", StartPeriod = "30s", Retries = 3 };
}
