using System.Net;
using Confluent.Kafka;
using Limit;
using Npgsql;
using StackExchange.Redis;

// The limit: what the same requests cost without what the order service does about them. Usage: Limit <port>
if (args is not [var portText] || !int.TryParse(portText, out var port))
{
    await Console.Error.WriteLineAsync("Usage: Limit <port>, with the connection strings 'limit', 'redis' and 'kafka'");
    return 64;
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port));
builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, LimitJson.Default));

string ConnectionTo(string name) =>
    builder.Configuration.GetConnectionString(name) ?? throw new InvalidOperationException($"The connection string '{name}' is missing.");

await using var database = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionTo("limit"))
{
    MinPoolSize = 1,
    MaxPoolSize = 32,
    MaxAutoPrepare = 16,
    AutoPrepareMinUsages = 2,
    NoResetOnClose = true,
});
await using var redis = await ConnectionMultiplexer.ConnectAsync(ConnectionTo("redis"));

using var producer = new ProducerBuilder<string, byte[]>(new ProducerConfig
{
    BootstrapServers = ConnectionTo("kafka"),
    EnableIdempotence = true,
    Acks = Acks.All,
    LingerMs = 1,
    CompressionType = CompressionType.Lz4,
}).Build();

await using var app = builder.Build();
app.MapOrders(new OrderTable(database));
app.MapCarts(new CartHash(redis.GetDatabase()));
app.MapPost("/drain", new OutboxLoop(database, producer).RunAsync);
app.MapGet("/health", () => TypedResults.Ok());
await app.RunAsync();
return 0;
