namespace Aspire.Hosting.Kubernetes.Resources;

/// <summary>An object of Kubernetes.</summary>
public abstract class BaseKubernetesResource(string apiVersion, string kind)
{
    public string? ApiVersion { get; set; } = apiVersion;
    public string? Kind { get; set; } = kind;
    public ObjectMetaV1 Metadata { get; set; } = new();
}

/// <summary>What names an object.</summary>
public sealed class ObjectMetaV1
{
    public string Name { get; set; } = null!;
}

/// <summary>Pods, and how many.</summary>
public abstract class Workload(string apiVersion, string kind) : BaseKubernetesResource(apiVersion, kind)
{
    public abstract PodTemplateSpecV1 PodTemplate { get; }
}

/// <summary>Pods that are alike.</summary>
public sealed class Deployment() : Workload("apps/v1", "Deployment")
{
    public DeploymentSpecV1 Spec { get; set; } = new();

    public override PodTemplateSpecV1 PodTemplate => Spec.Template;
}

/// <summary>The pods of a <see cref="Deployment"/>.</summary>
public sealed class DeploymentSpecV1
{
    public int? Replicas { get; set; }
    public DeploymentStrategyV1 Strategy { get; set; } = new();
    public PodTemplateSpecV1 Template { get; set; } = new();
}

/// <summary>How new pods take the place of old ones.</summary>
public sealed class DeploymentStrategyV1
{
    public RollingUpdateDeploymentV1 RollingUpdate { get; set; } = new();
    public string Type { get; set; } = "RollingUpdate";
}

/// <summary>How many pods there are too many or too few meanwhile.</summary>
public sealed class RollingUpdateDeploymentV1
{
    public int MaxSurge { get; set; } = 1;
    public int MaxUnavailable { get; set; } = 1;
}

/// <summary>Pods with a name and storage of their own.</summary>
public sealed class StatefulSet() : Workload("apps/v1", "StatefulSet")
{
    public StatefulSetSpecV1 Spec { get; set; } = new();

    public override PodTemplateSpecV1 PodTemplate => Spec.Template;
}

/// <summary>The pods of a <see cref="StatefulSet"/>.</summary>
public sealed class StatefulSetSpecV1
{
    public string ServiceName { get; set; } = null!;
    public PodTemplateSpecV1 Template { get; set; } = new();
    public List<PersistentVolumeClaim> VolumeClaimTemplates { get; } = [];
}

/// <summary>Storage that is asked for.</summary>
public sealed class PersistentVolumeClaim() : BaseKubernetesResource("v1", "PersistentVolumeClaim")
{
    public PersistentVolumeClaimSpecV1 Spec { get; set; } = new();
}

/// <summary>Which storage, and how much.</summary>
public sealed class PersistentVolumeClaimSpecV1
{
    public List<string> AccessModes { get; } = [];
    public VolumeResourceRequirementsV1 Resources { get; set; } = new();
    public string StorageClassName { get; set; } = null!;
}

/// <summary>How much storage.</summary>
public sealed class VolumeResourceRequirementsV1
{
    public Dictionary<string, string> Requests { get; } = [];
}

/// <summary>What makes pods reachable.</summary>
public sealed class Service() : BaseKubernetesResource("v1", "Service");
