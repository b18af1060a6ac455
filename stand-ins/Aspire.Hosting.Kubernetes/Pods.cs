namespace Aspire.Hosting.Kubernetes.Resources;

/// <summary>The pods of a workload.</summary>
public sealed class PodTemplateSpecV1
{
    public PodSpecV1 Spec { get; set; } = new();
}

/// <summary>A pod, with the settings that the product makes.</summary>
public sealed class PodSpecV1
{
    public bool? AutomountServiceAccountToken { get; set; }
    public List<ContainerV1> Containers { get; } = [];
    public bool? EnableServiceLinks { get; set; }
    public List<ContainerV1> InitContainers { get; } = [];
    public PodSecurityContextV1? SecurityContext { get; set; }
    public long? TerminationGracePeriodSeconds { get; set; }
    public List<VolumeV1> Volumes { get; } = [];
}

/// <summary>A container of a pod.</summary>
public sealed class ContainerV1
{
    public List<string> Args { get; } = [];
    public string Image { get; set; } = null!;
    public LifecycleV1? Lifecycle { get; set; }
    public ProbeV1? LivenessProbe { get; set; }
    public string Name { get; set; } = null!;
    public ProbeV1? ReadinessProbe { get; set; }
    public ResourceRequirementsV1? Resources { get; set; }
    public SecurityContextV1? SecurityContext { get; set; }
    public ProbeV1? StartupProbe { get; set; }
    public List<VolumeMountV1> VolumeMounts { get; } = [];
}

/// <summary>What is done before a container is ended.</summary>
public sealed class LifecycleV1
{
    public LifecycleHandlerV1 PreStop { get; set; } = null!;
}

/// <summary>Something done at a turn of a container's life.</summary>
public sealed class LifecycleHandlerV1
{
    public ExecActionV1 Exec { get; set; } = new();
    public HttpGetActionV1 HttpGet { get; set; } = new();
    public SleepActionV1 Sleep { get; set; } = new();
    public TcpSocketActionV1 TcpSocket { get; set; } = new();
}

/// <summary>A program that is run.</summary>
public sealed class ExecActionV1;

/// <summary>A pause.</summary>
public sealed class SleepActionV1
{
    public long Seconds { get; set; }
}

/// <summary>How Kubernetes finds out how a container is.</summary>
public sealed class ProbeV1
{
    public int? FailureThreshold { get; set; }
    public HttpGetActionV1? HttpGet { get; set; }
    public int? PeriodSeconds { get; set; }
    public TcpSocketActionV1? TcpSocket { get; set; }
}

/// <summary>A question by HTTP.</summary>
public sealed class HttpGetActionV1
{
    public string Path { get; set; } = null!;
    public string Scheme { get; set; } = null!;
}

/// <summary>A connection, no more.</summary>
public sealed class TcpSocketActionV1
{
    public int Port { get; set; }
}

/// <summary>What a container gets, and what it may not exceed.</summary>
public sealed class ResourceRequirementsV1
{
    public Dictionary<string, string> Limits { get; } = [];
    public Dictionary<string, string> Requests { get; } = [];
}

/// <summary>What a container may do.</summary>
public sealed class SecurityContextV1
{
    public bool? AllowPrivilegeEscalation { get; set; }
    public CapabilitiesV1? Capabilities { get; set; }
    public bool? ReadOnlyRootFilesystem { get; set; }
}

/// <summary>Rights of root's that a container has or has not.</summary>
public sealed class CapabilitiesV1
{
    public List<string> Drop { get; } = [];
}

/// <summary>Who a pod runs as.</summary>
public sealed class PodSecurityContextV1
{
    public long? FsGroup { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public long? RunAsUser { get; set; }
    public SeccompProfileV1? SeccompProfile { get; set; }
}

/// <summary>Which system calls a pod may make.</summary>
public sealed class SeccompProfileV1
{
    public string Type { get; set; } = null!;
}

/// <summary>A folder that a pod's containers can have.</summary>
public sealed class VolumeV1
{
    public EmptyDirVolumeSourceV1? EmptyDir { get; set; }
    public string Name { get; set; } = null!;
}

/// <summary>A folder that is there as long as its pod.</summary>
public sealed class EmptyDirVolumeSourceV1
{
    public string? SizeLimit { get; set; }
}

/// <summary>Where a container has a folder.</summary>
public sealed class VolumeMountV1
{
    public string MountPath { get; set; } = null!;
    public string Name { get; set; } = null!;
    public string SubPath { get; set; } = null!;
}
