using Aspire.Hosting.ApplicationModel;
using Confluent.Kafka;
using HealthChecks.Kafka;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting;

/// <summary>Kafka in a container.</summary>
public static class KafkaBuilderExtensions
{
    private const string Data = "/var/lib/kafka/data";

    public static IResourceBuilder<KafkaServerResource> AddKafka(this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null)
    {
        var kafka = new KafkaServerResource(name);
        var key = $"{name}_check";
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            key,
            _ => new KafkaHealthCheck(new KafkaHealthCheckOptions
            {
                Configuration = new ProducerConfig { BootstrapServers = $"{kafka.PrimaryEndpoint.Host}:{kafka.PrimaryEndpoint.Port}" },
            }),
            failureStatus: null,
            tags: null));
        return builder.AddResource(kafka)
            .WithEndpoint(targetPort: 9092, port: port, name: "tcp")
            .WithEndpoint(targetPort: 9093, name: "internal")
            .WithImage("docker.io/confluentinc/confluent-local", "8.2.0")
            .WithListeners()
            .WithHealthCheck(key);
    }

    public static IResourceBuilder<KafkaServerResource> WithDataVolume(
        this IResourceBuilder<KafkaServerResource> builder, string? name = null, bool isReadOnly = false) =>
        builder.WithEnvironment("KAFKA_LOG_DIRS", Data).WithVolume(name ?? $"{builder.Resource.Name}-data", Data, isReadOnly);

    public static IResourceBuilder<KafkaServerResource> WithDataBindMount(
        this IResourceBuilder<KafkaServerResource> builder, string source, bool isReadOnly = false) =>
        builder.WithEnvironment("KAFKA_LOG_DIRS", Data).WithBindMount(source, Data, isReadOnly);

    /// <summary>
    /// A broker tells each client where to find it, by the listener that the client came in through: PLAINTEXT_HOST from outside the
    /// containers, PLAINTEXT_INTERNAL from another one. The other two are the image's own.
    /// </summary>
    private static IResourceBuilder<KafkaServerResource> WithListeners(this IResourceBuilder<KafkaServerResource> builder)
    {
        var kafka = builder.Resource;
        var (outside, inside) = (kafka.PrimaryEndpoint, kafka.InternalEndpoint);
        var advertised = builder.ApplicationBuilder.ExecutionContext.IsPublishMode
            ? ReferenceExpression.Create(
                $"PLAINTEXT://{kafka.Host}:29092,PLAINTEXT_HOST://{outside.Property(EndpointProperty.HostAndPort)},PLAINTEXT_INTERNAL://{inside.Property(EndpointProperty.HostAndPort)}")
            : ReferenceExpression.Create(
                $"PLAINTEXT://localhost:29092,PLAINTEXT_HOST://localhost:{kafka.Port},PLAINTEXT_INTERNAL://{kafka.Name}:{inside.Property(EndpointProperty.TargetPort)}");
        return builder
            .WithEnvironment("KAFKA_LISTENERS", "PLAINTEXT://localhost:29092,CONTROLLER://localhost:29093,PLAINTEXT_HOST://0.0.0.0:9092,PLAINTEXT_INTERNAL://0.0.0.0:9093")
            .WithEnvironment("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PLAINTEXT_HOST:PLAINTEXT,PLAINTEXT_INTERNAL:PLAINTEXT")
            .WithEnvironment("KAFKA_ADVERTISED_LISTENERS", advertised);
    }
}

/// <summary>A Kafka broker.</summary>
public class KafkaServerResource(string name) : ContainerResource(name), IResourceWithConnectionString
{
    private EndpointReference? _primaryEndpoint;
    private EndpointReference? _internalEndpoint;

    public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new EndpointReference(this, "tcp");
    public EndpointReference InternalEndpoint => _internalEndpoint ??= new EndpointReference(this, "internal");
    public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);
    public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");
}
