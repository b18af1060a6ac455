using Aspire.Confluent.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Registers a Kafka producer with health check and logging.</summary>
public static class AspireKafkaProducerExtensions
{
    private const string SectionName = "Aspire:Confluent:Kafka:Producer";

    /// <inheritdoc cref="AddKafkaProducer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaProducerSettings}?,Action{IServiceProvider,ProducerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaProducer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName) =>
        builder.AddKafkaProducer(connectionName, null, (Action<IServiceProvider, ProducerBuilder<TKey, TValue>>?)null);

    /// <inheritdoc cref="AddKafkaProducer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaProducerSettings}?,Action{IServiceProvider,ProducerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaProducer<TKey, TValue>(
        this IHostApplicationBuilder builder, string connectionName, Action<KafkaProducerSettings>? configureSettings) =>
        builder.AddKafkaProducer(connectionName, configureSettings, (Action<IServiceProvider, ProducerBuilder<TKey, TValue>>?)null);

    /// <inheritdoc cref="AddKafkaProducer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaProducerSettings}?,Action{IServiceProvider,ProducerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaProducer<TKey, TValue>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<KafkaProducerSettings>? configureSettings,
        Action<ProducerBuilder<TKey, TValue>>? configureBuilder) =>
        builder.AddKafkaProducer<TKey, TValue>(connectionName, configureSettings, (_, producer) => configureBuilder?.Invoke(producer));

    /// <summary>Registers <see cref="IProducer{TKey,TValue}"/> as a singleton on the connection string named <paramref name="connectionName"/>.</summary>
    /// <exception cref="InvalidOperationException">On first use of the producer: no bootstrap servers are configured.</exception>
    public static void AddKafkaProducer<TKey, TValue>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<KafkaProducerSettings>? configureSettings,
        Action<IServiceProvider, ProducerBuilder<TKey, TValue>>? configureBuilder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);

        var settings = new KafkaProducerSettings();
        foreach (var section in KafkaClient.Sections(builder.Configuration, SectionName, connectionName))
        {
            section.Bind(settings);
            section.GetSection(nameof(settings.Config)).Bind(settings.Config);
        }

        settings.ConnectionString = builder.Configuration.GetConnectionString(connectionName) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);
        KafkaClient.Consolidate(settings.Config, settings.ConnectionString, settings.DisableMetrics);

        builder.Services.AddSingleton<IProducer<TKey, TValue>>(services =>
        {
            KafkaClient.RequireBootstrapServers(settings.Config, connectionName);
            var producer = new ProducerBuilder<TKey, TValue>(settings.Config);
            configureBuilder?.Invoke(services, producer);
            KafkaClient.TrySetLogHandler(services, log => producer.SetLogHandler((_, message) => log(message)));
            return producer.Build();
        });

        if (!settings.DisableHealthChecks)
        {
            KafkaClient.AddHealthCheck(builder, "Aspire.Confluent.Kafka.Producer", settings.Config);
        }
    }
}
