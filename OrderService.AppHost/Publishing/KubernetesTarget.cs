using System.Globalization;
using Aspire.Hosting.Kubernetes.Resources;

namespace OrderService.AppHost.Publishing;

/// <summary>A cluster, by a Helm chart.</summary>
internal sealed class KubernetesTarget(IDistributedApplicationBuilder builder) : DeploymentTarget(builder)
{
    /// <summary>The setting with the class of the servers' storage; the cluster's own default without it.</summary>
    public const string StorageClassSetting = "Deploy:StorageClass";

    /// <summary>The setting with the size of each server's storage.</summary>
    public const string StorageSizeSetting = "Deploy:StorageSize";

    /// <summary>The images' user, and its group.</summary>
    private const long AppUser = 1654;

    /// <summary>The group of Kafka's user, who is not root and has to write to its storage.</summary>
    private const long KafkaGroup = 1000;

    private const string TemporaryFolder = "tmp";

    /// <summary>The container that migrates. Pods that need the schema run it first; whoever is second finds nothing to do.</summary>
    private ContainerV1? _migrations;

    /// <inheritdoc/>
    protected override void AddEnvironment(IDistributedApplicationBuilder builder) =>
        builder.AddKubernetesEnvironment("kubernetes").WithDashboard(HasDashboard);

    /// <inheritdoc/>
    protected override void Shape(IResourceBuilder<ContainerResource> server)
    {
        var port = server.Resource.Annotations.OfType<EndpointAnnotation>().First().TargetPort;
        server.PublishAsKubernetesService(resource =>
        {
            if (resource.Workload is not StatefulSet set)
            {
                return;
            }

            var pod = set.PodTemplate.Spec;
            Isolate(pod);
            if (server.Resource.Name == ResourceNames.Kafka)
            {
                pod.SecurityContext = new PodSecurityContextV1 { FsGroup = KafkaGroup };
            }

            var container = pod.Containers.Single();
            container.Resources = Amount("250m", requestedMiB: 512, limitMiB: 1024);
            container.ReadinessProbe ??= new ProbeV1 { TcpSocket = new TcpSocketActionV1 { Port = port!.Value }, PeriodSeconds = 5, FailureThreshold = 3 };
            set.Spec.ServiceName = resource.Service?.Metadata.Name ?? server.Resource.Name;
            foreach (var mount in container.VolumeMounts)
            {
                // Storage that the set claims for itself stays when the release goes. A new disk holds more than an empty folder.
                pod.Volumes.RemoveAll(volume => volume.Name == mount.Name);
                mount.SubPath = "data";
                set.Spec.VolumeClaimTemplates.Add(Claim(mount.Name));
            }
        });
    }

    /// <inheritdoc/>
    protected override void Shape(IResourceBuilder<ProjectResource> service)
    {
        var ours = IsOurs(service.Resource);
        if (ours)
        {
            service.WithReplicas(Configuration.GetCount($"{service.Resource.Name}:Replicas", byDefault: 2));
        }

        service.PublishAsKubernetesService(resource =>
        {
            if (resource.Workload is not Deployment deployment)
            {
                return;
            }

            deployment.Spec.Replicas = service.Resource.GetReplicaCount();
            // A new pod is ready before an old one goes.
            deployment.Spec.Strategy = new DeploymentStrategyV1
            {
                Type = "RollingUpdate",
                RollingUpdate = new RollingUpdateDeploymentV1 { MaxSurge = 1, MaxUnavailable = 0 },
            };

            var pod = deployment.PodTemplate.Spec;
            var container = Harden(pod);
            container.Resources = Amount("250m", requestedMiB: MemoryInMiB / 2, limitMiB: MemoryInMiB);
            // Until everybody has heard that the pod goes, it still gets requests. Kubernetes takes one action, and the type begins with all.
            var pause = new LifecycleHandlerV1 { Sleep = new SleepActionV1 { Seconds = 5 } };
            (pause.Exec, pause.HttpGet, pause.TcpSocket) = (null!, null!, null!);
            container.Lifecycle = new LifecycleV1 { PreStop = pause };
            pod.TerminationGracePeriodSeconds = 30;
            foreach (var question in new[] { container.StartupProbe, container.LivenessProbe, container.ReadinessProbe }.Select(probe => probe?.HttpGet))
            {
                // Kubernetes knows the scheme in capitals only.
                question?.Scheme = question.Scheme?.ToUpperInvariant()!;
            }

            if (ours && _migrations is not null)
            {
                pod.InitContainers.Add(_migrations);
            }
        });
    }

    /// <inheritdoc/>
    protected override void ShapeMigrations(IResourceBuilder<ProjectResource> migrations) => migrations.PublishAsKubernetesService(resource =>
    {
        if (resource.Workload is not Deployment deployment)
        {
            return;
        }

        // No workload of its own: its container is the first of each pod that needs the schema. Resources are written in the model's order.
        _migrations = Harden(deployment.PodTemplate.Spec);
        _migrations.Resources = Amount("100m", requestedMiB: 128, limitMiB: MemoryInMiB);
        resource.Workload = null;
        resource.Service = null;
    });

    /// <summary>The only container, with no rights and nothing to write to but a folder of the pod's.</summary>
    private static ContainerV1 Harden(PodSpecV1 pod)
    {
        Isolate(pod);
        pod.SecurityContext = new PodSecurityContextV1
        {
            RunAsNonRoot = true,
            RunAsUser = AppUser,
            RunAsGroup = AppUser,
            SeccompProfile = new SeccompProfileV1 { Type = "RuntimeDefault" },
        };
        pod.Volumes.Add(new VolumeV1 { Name = TemporaryFolder, EmptyDir = new EmptyDirVolumeSourceV1 { SizeLimit = "64Mi" } });
        var container = pod.Containers.Single();
        container.SecurityContext = new SecurityContextV1
        {
            AllowPrivilegeEscalation = false,
            ReadOnlyRootFilesystem = true,
            Capabilities = new CapabilitiesV1 { Drop = { "ALL" } },
        };
        container.VolumeMounts.Add(new VolumeMountV1 { Name = TemporaryFolder, MountPath = "/tmp" });
        return container;
    }

    /// <summary>No access to the cluster, and no variables that tell of all its services: KAFKA_… would be settings to Kafka's image.</summary>
    private static void Isolate(PodSpecV1 pod) => (pod.AutomountServiceAccountToken, pod.EnableServiceLinks) = (false, false);

    /// <summary>Processors are not limited: a process that waits for its next slice answers late.</summary>
    private static ResourceRequirementsV1 Amount(string processors, int requestedMiB, int limitMiB) => new()
    {
        Requests = { ["cpu"] = processors, ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{requestedMiB}Mi") },
        Limits = { ["memory"] = string.Create(CultureInfo.InvariantCulture, $"{limitMiB}Mi") },
    };

    private PersistentVolumeClaim Claim(string name)
    {
        var claim = new PersistentVolumeClaim
        {
            Spec = new PersistentVolumeClaimSpecV1
            {
                AccessModes = { "ReadWriteOnce" },
                Resources = new VolumeResourceRequirementsV1 { Requests = { ["storage"] = Configuration[StorageSizeSetting] ?? "10Gi" } },
            },
        };
        claim.Metadata.Name = name;
        if (Configuration[StorageClassSetting] is { } storageClass)
        {
            claim.Spec.StorageClassName = storageClass;
        }

        return claim;
    }
}
