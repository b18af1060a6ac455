using Confluent.Kafka;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Confluent.Kafka;

/// <summary>Healthy when a message to <c>healthchecks-topic</c> is acknowledged within a second.</summary>
internal sealed class KafkaHealthCheck(ClientConfig config) : IHealthCheck, IDisposable
{
    private readonly Lazy<IProducer<Null, string>> _producer = new(() =>
        new ProducerBuilder<Null, string>(new ProducerConfig(config.ToDictionary(setting => setting.Key, setting => setting.Value))
        {
            SocketTimeoutMs = 1000,
            MessageTimeoutMs = 1000,
            StatisticsIntervalMs = 0,
        }).SetLogHandler((_, _) => { }).Build());

    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        try
        {
            await _producer.Value.ProduceAsync("healthchecks-topic", new() { Value = "health" }, cancellationToken);
            return HealthCheckResult.Healthy();
        }
        catch (KafkaException exception)
        {
            return new HealthCheckResult(context.Registration.FailureStatus, exception: exception);
        }
    }

    public void Dispose()
    {
        if (_producer.IsValueCreated)
        {
            _producer.Value.Dispose();
        }
    }
}
