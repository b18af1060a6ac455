using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources;
using Aspire.Hosting.Docker.Resources.ComposeNodes;

namespace Aspire.Hosting
{
    /// <summary>Docker Compose as the place of deployment, in the model only.</summary>
    public static class DockerComposeEnvironmentExtensions
    {
        public static IResourceBuilder<DockerComposeEnvironmentResource> AddDockerComposeEnvironment(
            this IDistributedApplicationBuilder builder, [ResourceName] string name)
        {
            builder.Eventing.Subscribe<BeforeStartEvent>((_, _) => throw new DistributedApplicationException(
                "Publishing for Docker Compose needs the package Aspire.Hosting.Docker, and this build has a stand-in for it: "
                + "use a package source that has it (stand-ins/README.md)."));
            var environment = new DockerComposeEnvironmentResource(name);
            return builder.ExecutionContext.IsRunMode ? builder.CreateResourceBuilder(environment) : builder.AddResource(environment);
        }

        public static IResourceBuilder<DockerComposeEnvironmentResource> WithDashboard(
            this IResourceBuilder<DockerComposeEnvironmentResource> builder, bool enabled = true)
        {
            builder.Resource.DashboardEnabled = enabled;
            return builder;
        }

        public static IResourceBuilder<DockerComposeEnvironmentResource> ConfigureComposeFile(
            this IResourceBuilder<DockerComposeEnvironmentResource> builder, Action<ComposeFile> configure)
        {
            builder.Resource.ConfigureComposeFile += configure;
            return builder;
        }
    }

    /// <summary>How a resource becomes a service of Docker Compose.</summary>
    public static class DockerComposeServiceExtensions
    {
        public static IResourceBuilder<T> PublishAsDockerComposeService<T>(
            this IResourceBuilder<T> builder, Action<DockerComposeServiceResource, Service> configure)
            where T : IComputeResource => builder.ApplicationBuilder.ExecutionContext.IsPublishMode
                ? builder.WithAnnotation(new DockerComposeServiceCustomizationAnnotation(configure))
                : builder;
    }
}

namespace Aspire.Hosting.Docker
{
    /// <summary>Docker Compose as the place of deployment.</summary>
    public class DockerComposeEnvironmentResource(string name) : Resource(name), IComputeEnvironmentResource
    {
        public bool DashboardEnabled { get; set; } = true;

        internal Action<ComposeFile>? ConfigureComposeFile { get; set; }
    }

    /// <summary>A resource as it is deployed.</summary>
    public class DockerComposeServiceResource(string name, IResource resource, DockerComposeEnvironmentResource composeEnvironmentResource)
        : Resource(name), IResourceWithParent<DockerComposeEnvironmentResource>
    {
        public DockerComposeEnvironmentResource Parent { get; } = composeEnvironmentResource;

        internal IResource TargetResource { get; } = resource;
    }

    /// <summary>What is changed in a service before it is written.</summary>
    public sealed class DockerComposeServiceCustomizationAnnotation(Action<DockerComposeServiceResource, Service> configure) : IResourceAnnotation
    {
        public Action<DockerComposeServiceResource, Service> Configure { get; } = configure;
    }
}
