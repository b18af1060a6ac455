using Confluent.Kafka;

namespace Aspire.Confluent.Kafka;

/// <summary>How a producer connects to Kafka and what is observed of it.</summary>
public sealed class KafkaProducerSettings
{
    /// <summary>The bootstrap servers; <c>ConnectionStrings:{name}</c> takes precedence over the settings section.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>The client's own settings.</summary>
    public ProducerConfig Config { get; } = new();

    /// <summary>Collects no metrics. The stand-in collects none in any case, but asks librdkafka for statistics as the genuine one does.</summary>
    public bool DisableMetrics { get; set; }

    /// <summary>Registers no health check.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Records no spans and adds no trace headers. The stand-in never does.</summary>
    public bool DisableTracing { get; set; }
}
