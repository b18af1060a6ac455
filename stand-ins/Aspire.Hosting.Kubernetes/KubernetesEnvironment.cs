using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Kubernetes;
using Aspire.Hosting.Kubernetes.Resources;

namespace Aspire.Hosting
{
    /// <summary>Kubernetes as the place of deployment, in the model only.</summary>
    public static class KubernetesEnvironmentExtensions
    {
        public static IResourceBuilder<KubernetesEnvironmentResource> AddKubernetesEnvironment(
            this IDistributedApplicationBuilder builder, [ResourceName] string name)
        {
            builder.Eventing.Subscribe<BeforeStartEvent>((_, _) => throw new DistributedApplicationException(
                "Publishing for Kubernetes needs the package Aspire.Hosting.Kubernetes, and this build has a stand-in for it: "
                + "use a package source that has it (stand-ins/README.md)."));
            var environment = new KubernetesEnvironmentResource(name);
            return builder.ExecutionContext.IsRunMode ? builder.CreateResourceBuilder(environment) : builder.AddResource(environment);
        }

        public static IResourceBuilder<KubernetesEnvironmentResource> WithDashboard(
            this IResourceBuilder<KubernetesEnvironmentResource> builder, bool enabled = true)
        {
            builder.Resource.DashboardEnabled = enabled;
            return builder;
        }
    }

    /// <summary>How a resource becomes a workload of Kubernetes.</summary>
    public static class KubernetesServiceExtensions
    {
        public static IResourceBuilder<T> PublishAsKubernetesService<T>(this IResourceBuilder<T> builder, Action<KubernetesResource> configure)
            where T : IComputeResource => builder.ApplicationBuilder.ExecutionContext.IsPublishMode
                ? builder.WithAnnotation(new KubernetesServiceCustomizationAnnotation(configure))
                : builder;
    }
}

namespace Aspire.Hosting.Kubernetes
{
    /// <summary>Kubernetes as the place of deployment.</summary>
    public sealed class KubernetesEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource
    {
        public bool DashboardEnabled { get; set; } = true;
    }

    /// <summary>A resource as it is deployed.</summary>
    public class KubernetesResource(string name, IResource resource, KubernetesEnvironmentResource kubernetesEnvironmentResource)
        : Resource(name), IResourceWithParent<KubernetesEnvironmentResource>
    {
        public KubernetesEnvironmentResource Parent { get; } = kubernetesEnvironmentResource;
        public Workload? Workload { get; set; }
        public Service? Service { get; set; }

        internal IResource TargetResource { get; } = resource;
    }

    /// <summary>What is changed in a workload before it is written.</summary>
    public sealed class KubernetesServiceCustomizationAnnotation(Action<KubernetesResource> configure) : IResourceAnnotation
    {
        public Action<KubernetesResource> Configure { get; } = configure;
    }
}
