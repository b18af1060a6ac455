using Confluent.Kafka;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Aspire.Confluent.Kafka;

/// <summary>What producer and consumer registrations have in common.</summary>
internal static partial class KafkaClient
{
    public static IEnumerable<IConfigurationSection> Sections(IConfiguration configuration, string sectionName, string connectionName)
    {
        var section = configuration.GetSection(sectionName);
        return [section, section.GetSection(connectionName)];
    }

    public static void Consolidate(ClientConfig config, string? connectionString, bool disableMetrics)
    {
        config.BootstrapServers = connectionString ?? config.BootstrapServers;
        if (!disableMetrics)
        {
            config.StatisticsIntervalMs ??= 1000;
        }
    }

    public static void RequireBootstrapServers(ClientConfig config, string connectionName)
    {
        if (string.IsNullOrEmpty(config.BootstrapServers))
        {
            throw new InvalidOperationException($"No Kafka bootstrap servers are configured: set ConnectionStrings:{connectionName}.");
        }
    }

    /// <summary>Hands librdkafka's log lines to the host's logging, unless the application has set a handler already.</summary>
    public static void TrySetLogHandler(IServiceProvider services, Action<Action<LogMessage>> setLogHandler)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("Aspire.Confluent.Kafka");
        try
        {
            setLogHandler(message =>
            {
                var level = (LogLevel)message.LevelAs(LogLevelType.MicrosoftExtensionsLogging);
                LogClientMessage(logger, level, message.Message);
            });
        }
        catch (InvalidOperationException)
        {
            LogHandlerTaken(logger);
        }
    }

    public static void AddHealthCheck(IHostApplicationBuilder builder, string name, ClientConfig config)
    {
        if (!builder.Properties.TryAdd($"Aspire.HealthChecks.{name}", true))
        {
            return;
        }

        builder.Services.AddKeyedSingleton(name, (_, _) => new KafkaHealthCheck(config));
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            name, services => services.GetRequiredKeyedService<KafkaHealthCheck>(name), failureStatus: null, tags: null));
    }

    [LoggerMessage(Message = "{Message}")]
    private static partial void LogClientMessage(ILogger logger, LogLevel level, string message);

    [LoggerMessage(LogLevel.Warning, "The Kafka client has a log handler of the application's own; its messages don't reach this log")]
    private static partial void LogHandlerTaken(ILogger logger);
}
