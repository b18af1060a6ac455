using Aspire.Confluent.Kafka;
using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Microsoft.Extensions.Hosting;

/// <summary>Registers a Kafka consumer with health check and logging.</summary>
public static class AspireKafkaConsumerExtensions
{
    private const string SectionName = "Aspire:Confluent:Kafka:Consumer";

    /// <inheritdoc cref="AddKafkaConsumer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaConsumerSettings}?,Action{IServiceProvider,ConsumerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaConsumer<TKey, TValue>(this IHostApplicationBuilder builder, string connectionName) =>
        builder.AddKafkaConsumer(connectionName, null, (Action<IServiceProvider, ConsumerBuilder<TKey, TValue>>?)null);

    /// <inheritdoc cref="AddKafkaConsumer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaConsumerSettings}?,Action{IServiceProvider,ConsumerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaConsumer<TKey, TValue>(
        this IHostApplicationBuilder builder, string connectionName, Action<KafkaConsumerSettings>? configureSettings) =>
        builder.AddKafkaConsumer(connectionName, configureSettings, (Action<IServiceProvider, ConsumerBuilder<TKey, TValue>>?)null);

    /// <inheritdoc cref="AddKafkaConsumer{TKey,TValue}(IHostApplicationBuilder,string,Action{KafkaConsumerSettings}?,Action{IServiceProvider,ConsumerBuilder{TKey,TValue}}?)"/>
    public static void AddKafkaConsumer<TKey, TValue>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<KafkaConsumerSettings>? configureSettings,
        Action<ConsumerBuilder<TKey, TValue>>? configureBuilder) =>
        builder.AddKafkaConsumer<TKey, TValue>(connectionName, configureSettings, (_, consumer) => configureBuilder?.Invoke(consumer));

    /// <summary>Registers <see cref="IConsumer{TKey,TValue}"/> as a singleton on the connection string named <paramref name="connectionName"/>.</summary>
    /// <exception cref="InvalidOperationException">On first use of the consumer: no bootstrap servers or no group are configured.</exception>
    public static void AddKafkaConsumer<TKey, TValue>(
        this IHostApplicationBuilder builder,
        string connectionName,
        Action<KafkaConsumerSettings>? configureSettings,
        Action<IServiceProvider, ConsumerBuilder<TKey, TValue>>? configureBuilder)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(connectionName);

        var settings = new KafkaConsumerSettings();
        foreach (var section in KafkaClient.Sections(builder.Configuration, SectionName, connectionName))
        {
            section.Bind(settings);
            section.GetSection(nameof(settings.Config)).Bind(settings.Config);
        }

        settings.ConnectionString = builder.Configuration.GetConnectionString(connectionName) ?? settings.ConnectionString;
        configureSettings?.Invoke(settings);
        KafkaClient.Consolidate(settings.Config, settings.ConnectionString, settings.DisableMetrics);

        builder.Services.AddSingleton<IConsumer<TKey, TValue>>(services =>
        {
            KafkaClient.RequireBootstrapServers(settings.Config, connectionName);
            if (settings.Config.GroupId is null)
            {
                throw new InvalidOperationException($"No consumer group is configured: set Config.GroupId of AddKafkaConsumer, or {SectionName}:Config:GroupId.");
            }

            var consumer = new ConsumerBuilder<TKey, TValue>(settings.Config);
            configureBuilder?.Invoke(services, consumer);
            KafkaClient.TrySetLogHandler(services, log => consumer.SetLogHandler((_, message) => log(message)));
            return consumer.Build();
        });

        if (!settings.DisableHealthChecks)
        {
            KafkaClient.AddHealthCheck(builder, "Aspire.Confluent.Kafka.Consumer", settings.Config);
        }
    }
}
