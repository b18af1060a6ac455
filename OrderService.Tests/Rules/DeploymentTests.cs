using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources.ComposeNodes;
using Aspire.Hosting.Kubernetes;
using Aspire.Hosting.Kubernetes.Resources;
using Aspire.Hosting.Testing;
using ComposeService = Aspire.Hosting.Docker.Resources.ComposeNodes.Service;

namespace OrderService.Tests.Rules;

/// <summary>The application as it is published: the model of the AppHost, and what it makes of its parts. Nothing is started.</summary>
public sealed class DeploymentTests
{
    private const string Manifest = "";
    private const string Compose = "--Deploy:Target=compose";
    private const string Kubernetes = "--Deploy:Target=kubernetes";

    private static readonly string[] Ours = [ResourceNames.Migrations, ResourceNames.Api, ResourceNames.Worker];
    private static readonly string[] Servers = [ResourceNames.Postgres, ResourceNames.Redis, ResourceNames.Kafka];

    [Theory]
    [InlineData(Manifest)]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task What_is_deployed_is_ours_and_its_servers_and_no_stub(string target)
    {
        await using var builder = await PublishAsync(target);

        Assert.Equal(Ours, builder.Resources.OfType<ProjectResource>().Select(project => project.Name));
        Assert.Equal(Servers, builder.Resources.OfType<ContainerResource>().Select(server => server.Name));
        Assert.DoesNotContain(builder.Resources, resource => resource is ExecutableResource || resource.Name == ResourceNames.Payments);
    }

    [Theory]
    [InlineData(Manifest)]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task The_shops_own_services_are_found_by_parameters(string target)
    {
        await using var builder = await PublishAsync(target);

        var api = await VariablesAsync(builder, ResourceNames.Api);
        Assert.Equal("products-url", ParameterOf(api["services__products__default__0"]).Name);
        Assert.Equal("users-url", ParameterOf(api["services__users__default__0"]).Name);
        Assert.Equal("products-url", ParameterOf((await VariablesAsync(builder, ResourceNames.Worker))["services__products__default__0"]).Name);
    }

    [Theory]
    [InlineData(Manifest)]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task The_api_learns_from_parameters_whose_tokens_count_and_trusts_no_gateway(string target)
    {
        await using var builder = await PublishAsync(target);

        var api = await VariablesAsync(builder, ResourceNames.Api);
        Assert.Equal("identity-authority", ParameterOf(api["Identity__Authority"]).Name);
        Assert.Equal("identity-audience", ParameterOf(api["Identity__Audience"]).Name);
        Assert.DoesNotContain("Identity__TrustGatewayHeader", api.Keys);
    }

    [Theory]
    [InlineData(Manifest)]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task Each_process_gets_the_connections_that_it_needs_and_no_other(string target)
    {
        await using var builder = await PublishAsync(target);

        Assert.Equal(["orders"], await ConnectionsAsync(builder, ResourceNames.Migrations));
        Assert.Equal(["orders", "redis"], await ConnectionsAsync(builder, ResourceNames.Api));
        Assert.Equal(["kafka", "orders"], await ConnectionsAsync(builder, ResourceNames.Worker));
    }

    [Fact]
    public async Task Passwords_are_secret_parameters_and_nobody_but_their_servers_has_them_in_plain()
    {
        await using var builder = await PublishAsync(Kubernetes);

        Assert.True(builder.Resources.OfType<PostgresServerResource>().Single().PasswordParameter.Secret);
        Assert.True(builder.Resources.OfType<RedisResource>().Single().PasswordParameter!.Secret);
        foreach (var process in Ours)
        {
            var variables = await VariablesAsync(builder, process);
            Assert.DoesNotContain(variables, variable => variable.Key.Contains("password", StringComparison.OrdinalIgnoreCase) && variable.Value is string);
        }
    }

    [Theory]
    [InlineData(Manifest)]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task Migrations_come_before_what_needs_the_schema(string target)
    {
        await using var builder = await PublishAsync(target);

        foreach (var service in new[] { ResourceNames.Api, ResourceNames.Worker })
        {
            var wait = Assert.Single(Project(builder, service).Annotations.OfType<WaitAnnotation>(), wait => wait.Resource.Name == ResourceNames.Migrations);
            Assert.Equal(WaitType.WaitForCompletion, wait.WaitType);
        }

        Assert.Equal(["migrate"], await ArgumentsAsync(builder, ResourceNames.Migrations));
    }

    [Theory]
    [InlineData(ResourceNames.Api)]
    [InlineData(ResourceNames.Worker)]
    public async Task A_service_is_asked_whether_it_lives_and_whether_it_is_ready(string service)
    {
        await using var builder = await PublishAsync(Kubernetes);

        var probes = Project(builder, service).Annotations.OfType<EndpointProbeAnnotation>().ToDictionary(probe => probe.Type);
        Assert.Equal("/alive", probes[ProbeType.Startup].Path);
        Assert.Equal("/alive", probes[ProbeType.Liveness].Path);
        Assert.Equal("/health", probes[ProbeType.Readiness].Path);
        Assert.All(probes.Values, probe => Assert.Equal("http", probe.EndpointReference.EndpointName));
        Assert.All(probes.Values, probe => Assert.True(probe.TimeoutSeconds > 5, "A dependency that hangs takes /health 5 s."));
    }

    [Theory]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task The_api_listens_at_8080_in_its_container_and_is_found_at_8083(string target)
    {
        await using var builder = await PublishAsync(target);

        var endpoint = Assert.Single(Project(builder, ResourceNames.Api).Annotations.OfType<EndpointAnnotation>());
        Assert.Equal(("http", 8083, 8080, true), (endpoint.UriScheme, endpoint.Port, endpoint.TargetPort, endpoint.IsExternal));
        Assert.False(Assert.Single(Project(builder, ResourceNames.Worker).Annotations.OfType<EndpointAnnotation>()).IsExternal);
    }

    [Theory]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task Telemetry_goes_where_a_parameter_says_or_nowhere(string target)
    {
        await using var builder = await PublishAsync(target);

        foreach (var process in Ours)
        {
            var variables = await VariablesAsync(builder, process);
            Assert.Equal("otlp-endpoint", ParameterOf(variables["OTEL_EXPORTER_OTLP_ENDPOINT"]).Name);
            Assert.Equal(process, variables["OTEL_SERVICE_NAME"]);
        }
    }

    [Fact]
    public async Task With_the_dashboard_nobody_is_asked_for_another_receiver()
    {
        await using var builder = await PublishAsync(Compose, "--Deploy:Dashboard=true");

        Assert.True(builder.Resources.OfType<DockerComposeEnvironmentResource>().Single().DashboardEnabled);
        Assert.DoesNotContain(builder.Resources, resource => resource.Name == "otlp-endpoint");
    }

    [Theory]
    [InlineData(Compose)]
    [InlineData(Kubernetes)]
    public async Task Servers_that_are_managed_elsewhere_are_secret_connection_strings(string target)
    {
        await using var builder = await PublishAsync(target, "--Deploy:Managed=postgres, kafka");

        Assert.Equal([ResourceNames.Redis], builder.Resources.OfType<ContainerResource>().Select(server => server.Name));
        foreach (var name in new[] { ResourceNames.Orders, ResourceNames.Kafka })
        {
            var connection = Assert.IsAssignableFrom<ParameterResource>(builder.Resources.Single(resource => resource.Name == name));
            Assert.True(connection.Secret && connection.IsConnectionString);
        }

        Assert.Equal(["kafka", "orders"], await ConnectionsAsync(builder, ResourceNames.Worker));
    }

    [Fact]
    public async Task A_demonstration_brings_the_stubs_and_needs_no_provider_of_identities()
    {
        await using var builder = await PublishAsync(Compose, "--Deploy:Stubs=true");

        Assert.Equal(
            [ResourceNames.Api, ResourceNames.Migrations, ResourceNames.Payments, ResourceNames.Products, ResourceNames.Users, ResourceNames.Worker],
            builder.Resources.OfType<ProjectResource>().Select(project => project.Name).Order());
        Assert.DoesNotContain(builder.Resources, resource => resource.Name.StartsWith("identity-", StringComparison.Ordinal));
        Assert.Equal("true", (await VariablesAsync(builder, ResourceNames.Api))["Identity__TrustGatewayHeader"]);
    }

    [Theory]
    [InlineData("--Deploy:Target=swarm", "Deploy:Target")]
    [InlineData("--Deploy:Managed=mysql", "Deploy:Managed")]
    [InlineData("--Api:Replicas=none", "Api:Replicas")]
    public async Task A_setting_that_makes_no_sense_is_named(string setting, string name)
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => PublishAsync(setting));

        Assert.Contains($"The setting {name} ", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compose_runs_one_api_since_a_port_is_one_containers()
    {
        var refused = await Assert.ThrowsAnyAsync<Exception>(() => PublishAsync(Compose, "--Api:Replicas=2"));

        Assert.Contains("Api:Replicas", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ResourceNames.Migrations)]
    [InlineData(ResourceNames.Api)]
    [InlineData(ResourceNames.Worker)]
    public async Task A_container_of_ours_has_no_rights_and_nothing_to_write_to_but_a_folder_in_memory(string process)
    {
        await using var builder = await PublishAsync(Compose);

        var container = ServiceOf(builder, process);

        Assert.True(container.ReadOnly);
        Assert.Equal(["/tmp"], container.Tmpfs);
        Assert.Equal(["ALL"], container.CapDrop);
        Assert.Contains("no-new-privileges:true", container.SecurityOpt);
        Assert.Equal("512M", container.Deploy!.Resources!.Limits!.Memory);
    }

    [Theory]
    [InlineData(ResourceNames.Api, "OrderService.Api.dll")]
    [InlineData(ResourceNames.Worker, "OrderService.Worker.dll")]
    public async Task With_compose_a_service_asks_itself_how_it_is_and_comes_back_when_it_fails(string service, string program)
    {
        await using var builder = await PublishAsync(Compose, "--Worker:Replicas=3");

        var container = ServiceOf(builder, service);

        Assert.Equal(["CMD", "dotnet", program, HealthProbe.Command, "http://localhost:8080/health"], container.Healthcheck!.Test);
        Assert.Equal("unless-stopped", container.Restart);
        Assert.Equal("20s", container.StopGracePeriod);
        Assert.Equal(service == ResourceNames.Worker ? 3 : 1, container.Deploy!.Replicas);
    }

    [Fact]
    public async Task With_compose_migrating_begins_once_postgresql_answers_and_happens_once()
    {
        await using var builder = await PublishAsync(Compose);

        var migrations = ServiceOf(builder, ResourceNames.Migrations, ResourceNames.Postgres);

        Assert.Equal("service_healthy", migrations.DependsOn[ResourceNames.Postgres].Condition);
        Assert.Equal("no", migrations.Restart);
        Assert.Contains("pg_isready", ServiceOf(builder, ResourceNames.Postgres).Healthcheck!.Test);
    }

    [Fact]
    public async Task On_kubernetes_every_pod_that_needs_the_schema_migrates_first()
    {
        await using var builder = await PublishAsync(Kubernetes);

        var workloads = WorkloadsOf(builder);

        Assert.Null(workloads[ResourceNames.Migrations]);
        Assert.Equal(ResourceNames.Migrations, Assert.Single(workloads[ResourceNames.Api]!.PodTemplate.Spec.InitContainers).Name);
        Assert.Equal(ResourceNames.Migrations, Assert.Single(workloads[ResourceNames.Worker]!.PodTemplate.Spec.InitContainers).Name);
    }

    [Theory]
    [InlineData(ResourceNames.Api)]
    [InlineData(ResourceNames.Worker)]
    public async Task A_pod_of_ours_has_no_rights_and_asks_for_what_it_takes(string service)
    {
        await using var builder = await PublishAsync(Kubernetes);

        var pod = WorkloadsOf(builder)[service]!.PodTemplate.Spec;

        Assert.False(pod.AutomountServiceAccountToken);
        Assert.True(pod.SecurityContext!.RunAsNonRoot);
        Assert.Equal(1654, pod.SecurityContext.RunAsUser);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile!.Type);
        Assert.NotNull(Assert.Single(pod.Volumes, volume => volume.Name == "tmp").EmptyDir);
        Assert.Equal("HTTP", pod.Containers.Single().LivenessProbe!.HttpGet!.Scheme);
        foreach (var container in pod.InitContainers.Concat(pod.Containers))
        {
            Assert.False(container.SecurityContext!.AllowPrivilegeEscalation);
            Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities!.Drop);
            Assert.Equal("/tmp", Assert.Single(container.VolumeMounts, mount => mount.Name == "tmp").MountPath);
            Assert.Equal(["cpu", "memory"], container.Resources!.Requests.Keys.Order());
            Assert.Equal(["memory"], container.Resources.Limits.Keys);
        }
    }

    [Theory]
    [InlineData(null, 2)]
    [InlineData("--Api:Replicas=5", 5)]
    public async Task On_kubernetes_a_service_has_replicas_and_none_goes_before_the_next_is_ready(string? setting, int replicas)
    {
        await using var builder = await PublishAsync(Kubernetes, setting ?? "");

        var deployment = Assert.IsType<Deployment>(WorkloadsOf(builder)[ResourceNames.Api]);

        Assert.Equal(replicas, deployment.Spec.Replicas);
        Assert.Equal(0, deployment.Spec.Strategy.RollingUpdate.MaxUnavailable);
        var pause = deployment.PodTemplate.Spec.Containers.Single().Lifecycle!.PreStop;
        Assert.Equal(5, pause.Sleep.Seconds);
        Assert.True(pause is { Exec: null, HttpGet: null, TcpSocket: null }, "Kubernetes refuses more than one action.");
    }

    [Theory]
    [InlineData(ResourceNames.Postgres, 5432)]
    [InlineData(ResourceNames.Redis, 6379)]
    [InlineData(ResourceNames.Kafka, 9092)]
    public async Task On_kubernetes_a_server_claims_storage_that_stays_when_the_release_goes(string server, int port)
    {
        await using var builder = await PublishAsync(Kubernetes, "--Deploy:StorageClass=fast", "--Deploy:StorageSize=50Gi");

        var set = Assert.IsType<StatefulSet>(WorkloadsOf(builder)[server]);

        var claim = Assert.Single(set.Spec.VolumeClaimTemplates);
        Assert.Equal($"{server}-data", claim.Metadata.Name);
        Assert.Equal("50Gi", claim.Spec.Resources.Requests["storage"]);
        Assert.Equal("fast", claim.Spec.StorageClassName);
        Assert.Empty(set.PodTemplate.Spec.Volumes);
        var container = set.PodTemplate.Spec.Containers.Single();
        Assert.Equal("data", Assert.Single(container.VolumeMounts).SubPath);
        Assert.Equal(port, container.ReadinessProbe!.TcpSocket!.Port);
    }

    [Fact]
    public async Task Data_of_every_server_has_a_volume_whose_name_does_not_depend_on_where_it_is_published()
    {
        await using var builder = await PublishAsync(Compose);

        foreach (var server in builder.Resources.OfType<ContainerResource>())
        {
            var mount = Assert.Single(server.Annotations.OfType<ContainerMountAnnotation>());
            Assert.Equal((ContainerMountType.Volume, $"{server.Name}-data"), (mount.Type, mount.Source));
        }
    }

    /// <summary>The AppHost's model in the state in which it would be published.</summary>
    private static Task<IDistributedApplicationTestingBuilder> PublishAsync(params string[] settings) =>
        DistributedApplicationTestingBuilder.CreateAsync<Projects.OrderService_AppHost>(
            ["--publisher", "manifest", .. settings.Where(setting => setting.Length > 0)]);

    private static ProjectResource Project(IDistributedApplicationBuilder builder, string name) =>
        builder.Resources.OfType<ProjectResource>().Single(project => project.Name == name);

    private static async Task<Dictionary<string, object>> VariablesAsync(IDistributedApplicationBuilder builder, string process)
    {
        var project = Project(builder, process);
        var context = new EnvironmentCallbackContext(builder.ExecutionContext, project);
        foreach (var callback in project.Annotations.OfType<EnvironmentCallbackAnnotation>().ToList())
        {
            await callback.Callback(context);
        }

        return context.EnvironmentVariables;
    }

    private static async Task<IEnumerable<object>> ArgumentsAsync(IDistributedApplicationBuilder builder, string process)
    {
        var project = Project(builder, process);
        var context = new CommandLineArgsCallbackContext([], project) { ExecutionContext = builder.ExecutionContext };
        foreach (var callback in project.Annotations.OfType<CommandLineArgsCallbackAnnotation>().ToList())
        {
            await callback.Callback(context);
        }

        return context.Args;
    }

    private static async Task<IEnumerable<string>> ConnectionsAsync(IDistributedApplicationBuilder builder, string process)
    {
        const string Prefix = "ConnectionStrings__";
        return (await VariablesAsync(builder, process)).Keys
            .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(name => name[Prefix.Length..])
            .Order();
    }

    /// <summary>The parameter that a value is, or is made of.</summary>
    private static ParameterResource ParameterOf(object value) => value switch
    {
        ParameterResource parameter => parameter,
        ReferenceExpression { ValueProviders: [ParameterResource parameter] } => parameter,
        _ => throw new InvalidOperationException($"{value} is no parameter."),
    };

    /// <summary>The service of Docker Compose that a resource becomes, as far as the AppHost shapes it.</summary>
    private static ComposeService ServiceOf(IDistributedApplicationBuilder builder, string name, params string[] dependencies)
    {
        var resource = builder.Resources.Single(resource => resource.Name == name);
        var environment = builder.Resources.OfType<DockerComposeEnvironmentResource>().Single();
        var service = new ComposeService { Name = name };
        foreach (var dependency in dependencies)
        {
            service.DependsOn[dependency] = new ServiceDependency { Condition = "service_started" };
        }

        foreach (var customization in resource.Annotations.OfType<DockerComposeServiceCustomizationAnnotation>())
        {
            customization.Configure(new DockerComposeServiceResource(name, resource, environment), service);
        }

        return service;
    }

    /// <summary>The workloads of Kubernetes that all resources become, in the model's order, as far as the AppHost shapes them.</summary>
    private static Dictionary<string, Workload?> WorkloadsOf(IDistributedApplicationBuilder builder)
    {
        var environment = builder.Resources.OfType<KubernetesEnvironmentResource>().Single();
        var workloads = new Dictionary<string, Workload?>();
        foreach (var resource in builder.Resources.Where(resource => resource is ProjectResource or ContainerResource))
        {
            var container = new ContainerV1
            {
                Name = resource.Name,
                LivenessProbe = new ProbeV1 { HttpGet = new HttpGetActionV1 { Path = "/alive", Scheme = "http" } },
            };
            var pod = new PodTemplateSpecV1 { Spec = new PodSpecV1 { Containers = { container } } };
            foreach (var mount in resource.Annotations.OfType<ContainerMountAnnotation>())
            {
                container.VolumeMounts.Add(new VolumeMountV1 { Name = mount.Source!, MountPath = mount.Target });
                pod.Spec.Volumes.Add(new VolumeV1 { Name = mount.Source!, EmptyDir = new EmptyDirVolumeSourceV1() });
            }

            var published = new KubernetesResource(resource.Name, resource, environment)
            {
                Workload = resource is ContainerResource
                    ? new StatefulSet { Spec = new StatefulSetSpecV1 { Template = pod } }
                    : new Deployment { Spec = new DeploymentSpecV1 { Template = pod } },
            };
            foreach (var customization in resource.Annotations.OfType<KubernetesServiceCustomizationAnnotation>())
            {
                customization.Configure(published);
            }

            workloads[resource.Name] = published.Workload;
        }

        return workloads;
    }
}
