using System.Runtime.Versioning;
using Microsoft.Extensions.DependencyInjection;

namespace OrderService.AppHost.Embedded;

/// <summary>A Redis server of this application's own, from the machine's programs: on loopback, with an append-only file.</summary>
internal sealed class EmbeddedRedisResource(string name, string command, string workingDirectory)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    /// <summary>The name of the only endpoint.</summary>
    public const string EndpointName = "tcp";

    /// <summary>Where the server listens.</summary>
    public EndpointReference Endpoint => new(this, EndpointName);

    /// <summary>StackExchange.Redis' configuration string.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"127.0.0.1:{Endpoint.Property(EndpointProperty.Port)}");
}

/// <summary>Adds the embedded Redis to the application model.</summary>
[UnsupportedOSPlatform("windows")]
internal static class EmbeddedRedisExtensions
{
    private const string Program = "redis-server";

    /// <summary>Adds a server that keeps its data in a folder.</summary>
    /// <exception cref="InfrastructureException">This machine can't run it.</exception>
    public static IResourceBuilder<EmbeddedRedisResource> AddEmbeddedRedis(this IDistributedApplicationBuilder builder, string name, DataFolder data)
    {
        const string PidFile = "redis.pid";
        var folder = data.For(name, PidFile);
        if (Tool.Find(Program) is null)
        {
            PackageManager.InstallServers("Redis");
        }

        var redis = new EmbeddedRedisResource(name, Program, folder);

        string? connectionString = null;
        var healthCheck = $"{name}_check";
        builder.Services.AddHealthChecks().AddRedis(
            _ => connectionString ?? throw new InvalidOperationException($"{name} has no port yet"), name: healthCheck);

        return builder.AddResource(redis)
            .WithEndpoint(name: EmbeddedRedisResource.EndpointName, scheme: "tcp", isProxied: false)
            .WithArgs(context =>
            {
                context.Args.Add("--port");
                context.Args.Add(redis.Endpoint.Property(EndpointProperty.TargetPort));
            })
            .WithArgs("--bind", "127.0.0.1", "--dir", folder, "--pidfile", Path.Combine(folder, PidFile), "--appendonly", "yes", "--save", "", "--loglevel", "warning")
            .OnConnectionStringAvailable(async (resource, _, stop) =>
                connectionString = await resource.ConnectionStringExpression.GetValueAsync(stop))
            .WithHealthCheck(healthCheck);
    }
}
