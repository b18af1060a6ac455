using Microsoft.Extensions.Options;
using OrderService;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using OrderService.Worker;
using OrderService.Worker.Consumers;
using OrderService.Worker.Housekeeping;
using OrderService.Worker.Outbox;

if (args is [HealthProbe.Command, var address])
{
    return await HealthProbe.RunAsync(address);
}

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddOrdersDatabase(ResourceNames.Orders);
builder.Services.AddSingleton(TimeProvider.System);

if (args is ["migrate"])
{
    return await Migrations.RunAsync(builder);
}

EventCatalog.Verify();

builder.Services.AddOptions<RelayOptions>().BindConfiguration(RelayOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<ConsumerOptions>().BindConfiguration(ConsumerOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<TopicOptions>().BindConfiguration(TopicOptions.Section).ValidateOnStart();
builder.Services.AddSingleton<IValidateOptions<TopicOptions>, TopicOptionsValidation>();
builder.Services.AddOptions<OrderOptions>().BindConfiguration(OrderOptions.Section).ValidateDataAnnotations().ValidateOnStart();
builder.Services.AddOptions<HousekeepingOptions>().BindConfiguration(HousekeepingOptions.Section).ValidateDataAnnotations().ValidateOnStart();

// Spans are ours, since the trace context that travels is the row's; one of the two clients' health checks tells as much as both.
builder.AddKafkaProducer<byte[], byte[]>(ResourceNames.Kafka, settings =>
{
    settings.DisableTracing = true;
    settings.DisableMetrics = true;
    KafkaEventSender.Configure(settings.Config);
});
builder.AddKafkaConsumer<string, byte[]>(ResourceNames.Kafka, settings =>
{
    settings.DisableTracing = true;
    settings.DisableMetrics = true;
    settings.DisableHealthChecks = true;
    EventConsumer.Configure(settings.Config);
});
builder.Services.AddHttpClient(ResourceNames.Products, client => client.BaseAddress = new Uri($"https+http://{ResourceNames.Products}"));

builder.Services.AddSingleton<FirstShard>();
builder.Services.AddSingleton<KafkaEventSender>();
builder.Services.AddSingleton<ReservationSender>();
builder.Services.AddSingleton<IHostedService>(Relay<KafkaEventSender>);
builder.Services.AddSingleton<IHostedService>(Relay<ReservationSender>);
builder.Services.AddSingleton<ExternalEventHandler>();
builder.Services.AddSingleton<ParkingLot>();
builder.Services.AddHostedService<EventConsumer>();
builder.Services.AddHostedService<Redelivery>();
builder.Services.AddHostedService<PaymentTimeouts>();
builder.Services.AddHostedService<Retention>();
builder.Services.AddHostedService<BacklogWatch>();

var app = builder.Build();
app.MapDefaultEndpoints();
await app.RunAsync();
return Environment.ExitCode;

static OutboxRelay Relay<TSender>(IServiceProvider services)
    where TSender : class, IOutboxSender =>
    ActivatorUtilities.CreateInstance<OutboxRelay>(
        services, services.GetRequiredService<TSender>(), services.GetRequiredService<IOptions<RelayOptions>>().Value);
