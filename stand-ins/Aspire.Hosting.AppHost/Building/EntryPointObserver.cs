using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>
/// Lets the testing builder look on while an AppHost's own entry point composes the application. It flows with the entry point, so
/// that several AppHosts in one process do not see each other's.
/// </summary>
internal abstract class EntryPointObserver
{
    private static readonly AsyncLocal<EntryPointObserver?> Ambient = new();

    public static EntryPointObserver? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    public abstract void Creating(DistributedApplicationOptions options, HostApplicationBuilderSettings settings);

    public abstract void Created(DistributedApplicationBuilder builder);

    /// <summary>May block until the test has made its own additions.</summary>
    public abstract void Building(DistributedApplicationBuilder builder);

    public abstract void Built(DistributedApplication application);
}
