using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using Confluent.Kafka;
using HealthChecks.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace HealthChecks.Kafka
{
    /// <summary>Which broker is asked.</summary>
    public class KafkaHealthCheckOptions
    {
        public ProducerConfig Configuration { get; set; } = null!;
        public string Topic { get; set; } = "healthchecks-topic";
    }

    /// <summary>
    /// Asks a broker for the protocol versions that it knows: an answer comes from a working broker only. (The genuine check produces
    /// a message, for which the AppHost would need the native library.)
    /// </summary>
    public class KafkaHealthCheck(KafkaHealthCheckOptions options) : IHealthCheck
    {
        // Length, ApiVersions (18) version 0, correlation id, no client id.
        private static readonly byte[] ApiVersionsRequest = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xFF, 0xFF];

        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            var server = options.Configuration.BootstrapServers.Split(',')[0];
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(TimeSpan.FromSeconds(5));
            try
            {
                var colon = server.LastIndexOf(':');
                using var client = new TcpClient();
                await client.ConnectAsync(server[..colon], int.Parse(server[(colon + 1)..], CultureInfo.InvariantCulture), deadline.Token);
                await using var stream = client.GetStream();
                await stream.WriteAsync(ApiVersionsRequest, deadline.Token);
                var head = new byte[10];
                await stream.ReadExactlyAsync(head, deadline.Token);
                var error = BinaryPrimitives.ReadInt16BigEndian(head.AsSpan(8));
                return error == 0
                    ? HealthCheckResult.Healthy()
                    : new HealthCheckResult(context.Registration.FailureStatus, string.Create(CultureInfo.InvariantCulture, $"{server} answered with error {error}"));
            }
            catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException)
            {
                return new HealthCheckResult(context.Registration.FailureStatus, $"{server} does not answer: {exception.Message}", exception);
            }
        }
    }
}

namespace Microsoft.Extensions.DependencyInjection
{
    /// <summary>Registers checks of Kafka brokers.</summary>
    public static class KafkaHealthCheckBuilderExtensions
    {
        private const string DefaultTopic = "healthchecks-topic";

        public static IHealthChecksBuilder AddKafka(
            this IHealthChecksBuilder builder,
            ProducerConfig config,
            string topic = DefaultTopic,
            string? name = null,
            HealthStatus? failureStatus = null,
            IEnumerable<string>? tags = null,
            TimeSpan? timeout = null) =>
            builder.AddKafka(new KafkaHealthCheckOptions { Configuration = config, Topic = topic }, name, failureStatus, tags, timeout);

        public static IHealthChecksBuilder AddKafka(
            this IHealthChecksBuilder builder,
            Action<ProducerConfig> setup,
            string topic = DefaultTopic,
            string? name = null,
            HealthStatus? failureStatus = null,
            IEnumerable<string>? tags = null,
            TimeSpan? timeout = null)
        {
            var config = new ProducerConfig();
            setup(config);
            return builder.AddKafka(config, topic, name, failureStatus, tags, timeout);
        }

        public static IHealthChecksBuilder AddKafka(
            this IHealthChecksBuilder builder,
            KafkaHealthCheckOptions options,
            string? name = null,
            HealthStatus? failureStatus = null,
            IEnumerable<string>? tags = null,
            TimeSpan? timeout = null) =>
            builder.Add(new HealthCheckRegistration(name ?? "kafka", _ => new KafkaHealthCheck(options), failureStatus, tags, timeout));
    }
}
