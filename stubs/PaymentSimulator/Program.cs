using System.Diagnostics;
using Confluent.Kafka;
using OrderService;
using PaymentSimulator;
using Stubs;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddStubDefaults();

// The spans here continue the order's own trace, so the client's instrumentation must not add headers of its own.
builder.AddKafkaProducer<string, byte[]>(ResourceNames.Kafka, settings =>
{
    settings.DisableTracing = true;
    settings.Config.MessageTimeoutMs = 5000;
});
builder.AddKafkaConsumer<string, byte[]>(
    ResourceNames.Kafka,
    settings =>
    {
        settings.DisableTracing = true;
        settings.DisableHealthChecks = true;
        settings.Config.GroupId = OrderEventConsumer.Group;
        settings.Config.AutoOffsetReset = AutoOffsetReset.Earliest;
        settings.Config.EnableAutoOffsetStore = false;
        settings.Config.AutoCommitIntervalMs = 1000;

        // For librdkafka's broker, which answers a waiting fetch at the end of its wait even if a message came meanwhile, goes through
        // all that it keeps of a partition for each one, so that few with much are better than many with little, and lets a restarted
        // consumer in only when the session of the one before it is over.
        settings.Config.FetchMinBytes = 1_000_000;
        settings.Config.FetchWaitMaxMs = 100;
        settings.Config.SessionTimeoutMs = 6000;
        settings.Config.HeartbeatIntervalMs = 2000;
    },
    (services, consumer) => consumer.SetPartitionsRevokedHandler((_, revoked) =>
        services.GetRequiredService<PartitionProgress>().Forget(revoked.Select(partition => partition.TopicPartition))));

// Without Kafka there is nothing to simulate, but the pages answer and it recovers by itself.
builder.TreatAsOptional("Aspire.Confluent.Kafka.Producer");

builder.Services.AddSingleton(new ActivitySource(builder.Environment.ApplicationName));
builder.Services.AddSingleton(new Simulation(Simulation.ParseMode(builder.Configuration["Mode"])));
builder.Services.AddSingleton<PartitionProgress>();
builder.Services.AddSingleton<EventPublisher>();
builder.Services.AddHostedService<OrderEventConsumer>();

var app = builder.Build();
app.UseStubDefaults();
app.MapDefaultEndpoints();
app.MapPage();
app.MapSimulation();
app.Run();
