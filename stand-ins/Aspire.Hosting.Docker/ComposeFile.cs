using Aspire.Hosting.Docker.Resources.ServiceNodes;
using Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm;

namespace Aspire.Hosting.Docker.Resources
{
    /// <summary>The file as a whole.</summary>
    public sealed class ComposeFile
    {
        public string? Name { get; set; }
    }
}

namespace Aspire.Hosting.Docker.Resources.ComposeNodes
{
    /// <summary>A part of the file that has a name.</summary>
    public abstract class NamedComposeMember
    {
        public required string Name { get; set; }
    }

    /// <summary>A service, with the settings that the product makes.</summary>
    public sealed class Service : NamedComposeMember
    {
        public List<string> CapDrop { get; set; } = [];
        public Dictionary<string, ServiceDependency> DependsOn { get; set; } = [];
        public Deploy? Deploy { get; set; }
        public Healthcheck? Healthcheck { get; set; }
        public bool? ReadOnly { get; set; }
        public string? Restart { get; set; }
        public List<string> SecurityOpt { get; set; } = [];
        public string? StopGracePeriod { get; set; }
        public List<string> Tmpfs { get; set; } = [];
    }

    /// <summary>What a service waits for.</summary>
    public sealed class ServiceDependency
    {
        public string? Condition { get; set; }
    }
}

namespace Aspire.Hosting.Docker.Resources.ServiceNodes
{
    /// <summary>How the engine finds out how a container is.</summary>
    public sealed class Healthcheck
    {
        public required string Interval { get; set; }
        public int? Retries { get; set; }
        public required string StartPeriod { get; set; }
        public List<string> Test { get; set; } = [];
        public required string Timeout { get; set; }
    }
}

namespace Aspire.Hosting.Docker.Resources.ServiceNodes.Swarm
{
    /// <summary>How many containers of a service there are, and what each may have.</summary>
    public sealed class Deploy
    {
        public int? Replicas { get; set; }
        public Resources? Resources { get; set; }
    }

    /// <summary>What a container may have.</summary>
    public sealed class Resources
    {
        public ResourceSpec? Limits { get; set; }
        public ResourceSpec? Reservations { get; set; }
    }

    /// <summary>Processors and memory.</summary>
    public sealed class ResourceSpec
    {
        public string? Cpus { get; set; }
        public string? Memory { get; set; }
    }
}
