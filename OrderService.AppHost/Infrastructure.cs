using System.Runtime.Versioning;
using Microsoft.Extensions.Configuration;
using OrderService.AppHost.Embedded;

namespace OrderService.AppHost;

/// <summary>Where PostgreSQL, Redis and Kafka come from. Whatever refers to them sees no difference.</summary>
internal abstract class Infrastructure
{
    /// <summary>The setting that chooses: <c>auto</c> (the default), <c>containers</c> or <c>embedded</c>.</summary>
    public const string Setting = "Infrastructure";

    /// <summary>The setting that has the data of earlier runs deleted.</summary>
    public const string FreshSetting = "Embedded:Fresh";

    /// <summary>The setting that names the servers which a deployment does not bring, because they are there: <c>postgres,redis,kafka</c>.</summary>
    public const string ManagedSetting = "Deploy:Managed";

    /// <summary>Adds a PostgreSQL server with one database.</summary>
    /// <returns>The database.</returns>
    public abstract IResourceBuilder<IResourceWithConnectionString> AddPostgresDatabase(string serverName, string name, string databaseName);

    /// <summary>Adds a Redis server that keeps its data.</summary>
    public abstract IResourceBuilder<IResourceWithConnectionString> AddRedis(string name);

    /// <summary>Adds a Kafka broker whose topics have several partitions: 12 in a container, 4 in the embedded one.</summary>
    public abstract IResourceBuilder<IResourceWithConnectionString> AddKafka(string name, params string[] topics);

    /// <summary>
    /// Takes what the setting says; by default containers where a container runtime answers. A deployment has containers too, or servers
    /// that are managed elsewhere.
    /// </summary>
    /// <exception cref="InfrastructureException">A setting has a value that is none.</exception>
    public static Infrastructure Choose(IDistributedApplicationBuilder builder)
    {
        if (builder.ExecutionContext.IsPublishMode)
        {
            return new Deployed(builder);
        }

        var wish = builder.Configuration[Setting] ?? "auto";
        var runtime = wish == "auto" ? ContainerRuntime.Find(builder.Configuration["ASPIRE_CONTAINER_RUNTIME"]) : null;
        var (embedded, reason) = (wish, runtime) switch
        {
            ("embedded" or "containers", _) => (wish == "embedded", $"the setting {Setting} is '{wish}'"),
            ("auto", null) => (true, "no container runtime answers; --containers insists on one"),
            ("auto", _) => (false, $"{runtime} answers; --embedded does without"),
            _ => throw new InfrastructureException($"The setting {Setting} is '{wish}'. It can be auto, containers or embedded."),
        };

        Console.WriteLine($"PostgreSQL, Redis and Kafka run {(embedded ? "from this machine's own programs" : "in containers")} ({reason})");

        if (!embedded)
        {
            return new Containers(builder);
        }

        return OperatingSystem.IsWindows()
            ? throw new InfrastructureException("PostgreSQL, Redis and Kafka run from the machine's own programs on Linux and macOS only. Start a container runtime.")
            : new EmbeddedServers(builder, DataFolder.Add(builder));
    }

    /// <summary>Topics come into being on first use.</summary>
    private static IResourceBuilder<KafkaServerResource> AddKafkaContainer(IDistributedApplicationBuilder builder, string name) =>
        builder.AddKafka(name).WithEnvironment("KAFKA_NUM_PARTITIONS", "12");

    private sealed class Containers(IDistributedApplicationBuilder builder) : Infrastructure
    {
        // Without its volume a container starts empty.
        private readonly bool _keepsData = !builder.Configuration.GetValue<bool>(FreshSetting);

        public override IResourceBuilder<IResourceWithConnectionString> AddPostgresDatabase(string serverName, string name, string databaseName)
        {
            var postgres = builder.AddPostgres(serverName);
            return (_keepsData ? postgres.WithDataVolume() : postgres).AddDatabase(name, databaseName);
        }

        public override IResourceBuilder<IResourceWithConnectionString> AddRedis(string name)
        {
            var redis = builder.AddRedis(name);
            return _keepsData ? redis.WithDataVolume().WithPersistence() : redis;
        }

        public override IResourceBuilder<IResourceWithConnectionString> AddKafka(string name, params string[] topics) => AddKafkaContainer(builder, name);
    }

    private sealed class Deployed(IDistributedApplicationBuilder builder) : Infrastructure
    {
        private readonly string[] _managed =
            builder.Configuration.GetNames(ManagedSetting, ResourceNames.Postgres, ResourceNames.Redis, ResourceNames.Kafka);

        // The volumes' names are the same wherever it is published from, and such as Kubernetes takes.
        public override IResourceBuilder<IResourceWithConnectionString> AddPostgresDatabase(string serverName, string name, string databaseName) =>
            _managed.Contains(serverName)
                ? builder.AddConnectionString(name)
                : builder.AddPostgres(serverName).WithDataVolume($"{serverName}-data").AddDatabase(name, databaseName);

        public override IResourceBuilder<IResourceWithConnectionString> AddRedis(string name) =>
            _managed.Contains(name)
                ? builder.AddConnectionString(name)
                : builder.AddRedis(name).WithDataVolume($"{name}-data").WithPersistence();

        public override IResourceBuilder<IResourceWithConnectionString> AddKafka(string name, params string[] topics) =>
            _managed.Contains(name)
                ? builder.AddConnectionString(name)
                : AddKafkaContainer(builder, name).WithDataVolume($"{name}-data");
    }

    [UnsupportedOSPlatform("windows")]
    private sealed class EmbeddedServers(IDistributedApplicationBuilder builder, DataFolder data) : Infrastructure
    {
        public override IResourceBuilder<IResourceWithConnectionString> AddPostgresDatabase(string serverName, string name, string databaseName) =>
            builder.AddEmbeddedPostgres(serverName, data).AddDatabase(name, databaseName);

        public override IResourceBuilder<IResourceWithConnectionString> AddRedis(string name) =>
            builder.AddEmbeddedRedis(name, data);

        public override IResourceBuilder<IResourceWithConnectionString> AddKafka(string name, params string[] topics) =>
            builder.AddEmbeddedKafka(name, topics);
    }
}
