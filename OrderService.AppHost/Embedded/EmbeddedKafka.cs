using Confluent.Kafka;
using Microsoft.Extensions.DependencyInjection;

namespace OrderService.AppHost.Embedded;

/// <summary>librdkafka's own broker, hosted by the project KafkaBroker: the real protocol on loopback, in memory.</summary>
internal sealed class EmbeddedKafkaResource(string name, string command, string workingDirectory)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    /// <summary>The name of the only endpoint.</summary>
    public const string EndpointName = "tcp";

    /// <summary>Where the broker listens.</summary>
    public EndpointReference Endpoint => new(this, EndpointName);

    /// <summary>The bootstrap servers.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"127.0.0.1:{Endpoint.Property(EndpointProperty.Port)}");
}

/// <summary>Adds the embedded Kafka to the application model.</summary>
internal static class EmbeddedKafkaExtensions
{
    /// <summary>Adds a broker with some topics. Not proxied, since a Kafka broker tells its clients its own address.</summary>
    public static IResourceBuilder<EmbeddedKafkaResource> AddEmbeddedKafka(this IDistributedApplicationBuilder builder, string name, string[] topics)
    {
        // The AppHost references the program, so it is beside the AppHost's own assembly.
        var kafka = new EmbeddedKafkaResource(name, "dotnet", AppContext.BaseDirectory);

        // The check says whether the broker answers; its client would also write every failed connection to the terminal.
        var client = new ProducerConfig();
        client.Set("log_level", "2");
        var healthCheck = $"{name}_check";
        builder.Services.AddHealthChecks().AddKafka(client, name: healthCheck);

        return builder.AddResource(kafka)
            .WithEndpoint(name: EmbeddedKafkaResource.EndpointName, scheme: "tcp", isProxied: false)
            .WithArgs(context =>
            {
                context.Args.Add("KafkaBroker.dll");
                context.Args.Add(kafka.Endpoint.Property(EndpointProperty.TargetPort));
            })
            .WithArgs(topics)
            .OnConnectionStringAvailable(async (resource, _, stop) =>
                client.BootstrapServers = await resource.ConnectionStringExpression.GetValueAsync(stop))
            .WithHealthCheck(healthCheck);
    }
}
