using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost.Publishing;

/// <summary>
/// The services of the shop that the order service calls: stubs where it is developed, and where it is deployed the shop's own, by address.
/// </summary>
internal sealed class Shop(IDistributedApplicationBuilder builder)
{
    /// <summary>The setting that has the stubs deployed too, payments included, for a demonstration.</summary>
    public const string StubsSetting = "Deploy:Stubs";

    /// <summary>Whether the shop around us is made of stubs.</summary>
    public bool HasStubs { get; } = builder.ExecutionContext.IsRunMode || builder.Configuration.GetValue<bool>(StubsSetting);

    /// <summary>Adds a service: the stub, or one that is there already, whose address is the parameter <c>name-url</c>.</summary>
    public IResourceBuilder<IResource> AddService<TStub>(string name)
        where TStub : IProjectMetadata, new() =>
        HasStubs
            ? builder.AddProject<TStub>(name).WithHttpHealthCheck("/health")
            : builder.AddExternalService(name, builder.AddParameter($"{name}-url"));
}

/// <summary>Lets a project find a service of the shop.</summary>
internal static class ShopExtensions
{
    /// <summary>Hands over a service's address, whichever way it is there.</summary>
    public static IResourceBuilder<ProjectResource> WithService(this IResourceBuilder<ProjectResource> project, IResourceBuilder<IResource> service) =>
        service switch
        {
            IResourceBuilder<ProjectResource> stub => project.WithReference(stub),
            IResourceBuilder<ExternalServiceResource> external => project.WithReference(external),
            _ => throw new ArgumentException($"'{service.Resource.Name}' is not a service of the shop.", nameof(service)),
        };
}
