using System.Diagnostics.CodeAnalysis;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace OrderService.AppHost.Embedded;

/// <summary>A PostgreSQL server of this application's own, from the machine's programs: on loopback, with its own data and password.</summary>
internal sealed class EmbeddedPostgresResource(string name, string command, string workingDirectory, ParameterResource password)
    : ExecutableResource(name, command, workingDirectory), IResourceWithConnectionString
{
    /// <summary>The name of the only endpoint.</summary>
    public const string EndpointName = "tcp";

    /// <summary>The superuser that clients sign in as.</summary>
    public const string UserName = "postgres";

    /// <summary>Where the server listens.</summary>
    public EndpointReference Endpoint => new(this, EndpointName);

    /// <summary>Npgsql's connection string, without a database.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create(
        $"Host=127.0.0.1;Port={Endpoint.Property(EndpointProperty.Port)};Username={UserName};Password={password}");
}

/// <summary>A database on the embedded server; it is created once the server is ready.</summary>
internal sealed class EmbeddedDatabaseResource(string name, string databaseName, EmbeddedPostgresResource parent)
    : Resource(name), IResourceWithParent<EmbeddedPostgresResource>, IResourceWithConnectionString
{
    /// <summary>The server.</summary>
    public EmbeddedPostgresResource Parent => parent;

    /// <summary>The name that PostgreSQL knows it by.</summary>
    public string DatabaseName => databaseName;

    /// <summary>Npgsql's connection string.</summary>
    public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{parent};Database={databaseName}");
}

/// <summary>Adds the embedded PostgreSQL to the application model.</summary>
[UnsupportedOSPlatform("windows")]
internal static class EmbeddedPostgresExtensions
{
    private const int MaxConnections = 200;

    /// <summary>Adds a server that keeps its data in a folder.</summary>
    /// <exception cref="InfrastructureException">This machine can't run it.</exception>
    public static IResourceBuilder<EmbeddedPostgresResource> AddEmbeddedPostgres(this IDistributedApplicationBuilder builder, string name, DataFolder data)
    {
        var folder = data.For(name, pidFile: Path.Combine("cluster", "postmaster.pid"));
        var cluster = Path.Combine(folder, "cluster");
        var passwordFile = Path.Combine(folder, "password");
        var programs = PostgresPrograms.Find(data.Fresh ? "" : cluster);
        var user = UnprivilegedUser.Find();
        string[] command = [.. user?.CommandPrefix(cluster) ?? [], programs.Server];

        builder.Eventing.Subscribe<BeforeStartEvent>((_, _) =>
        {
            if (!Directory.Exists(cluster))
            {
                Initialize(programs, user, cluster, passwordFile);
            }

            _ = ReadPassword(passwordFile);
            return Task.CompletedTask;
        });

        var password = new ParameterResource($"{name}-password", _ => ReadPassword(passwordFile), secret: true);
        var postgres = new EmbeddedPostgresResource(name, command[0], folder, password);

        string? connectionString = null;
        var healthCheck = $"{name}_check";
        builder.Services.AddHealthChecks().AddNpgSql(
            _ => connectionString ?? throw new InvalidOperationException($"{name} has no port yet"), name: healthCheck);

        return builder.AddResource(postgres)
            .WithEndpoint(name: EmbeddedPostgresResource.EndpointName, scheme: "tcp", isProxied: false)
            .WithArgs([.. command[1..], "-D", cluster])
            .WithArgs("-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", $"max_connections={MaxConnections}")
            // The level above ERROR: a statement's error goes to the client that sent it, which tells it where it matters.
            .WithArgs("-c", "log_min_messages=log", "-c", "log_checkpoints=off")
            .WithArgs(context =>
            {
                context.Args.Add("-p");
                context.Args.Add(postgres.Endpoint.Property(EndpointProperty.TargetPort));
            })
            .OnConnectionStringAvailable(async (resource, _, stop) =>
                connectionString = await Unpooled(resource, stop))
            .WithHealthCheck(healthCheck);
    }

    /// <summary>Adds a database.</summary>
    public static IResourceBuilder<EmbeddedDatabaseResource> AddDatabase(
        this IResourceBuilder<EmbeddedPostgresResource> server, string name, string databaseName)
    {
        var database = new EmbeddedDatabaseResource(name, databaseName, server.Resource);

        server.OnResourceReady(async (postgres, ready, stop) =>
        {
            await CreateAsync(databaseName, await Unpooled(postgres, stop), stop);

            // No process tells Aspire how the database is, so this does.
            await ready.Services.GetRequiredService<ResourceNotificationService>()
                .PublishUpdateAsync(database, state => state with { State = KnownResourceStates.Running, StartTimeStamp = DateTime.UtcNow });
        });

        return server.ApplicationBuilder.AddResource(database)
            .WithInitialState(new CustomResourceSnapshot { ResourceType = "Database", Properties = [], State = KnownResourceStates.Waiting });
    }

    private static void Initialize(PostgresPrograms programs, UnprivilegedUser? user, string cluster, string passwordFile)
    {
        // Complete or not there: what an interrupted attempt left is thrown away.
        var attempt = $"{cluster}.new";
        if (Directory.Exists(attempt))
        {
            Directory.Delete(attempt, recursive: true);
        }

        File.Delete(passwordFile);
        using (var file = new StreamWriter(passwordFile, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        }))
        {
            file.Write(RandomNumberGenerator.GetHexString(32, lowercase: true));
        }

        Directory.CreateDirectory(attempt);
        user?.Own(Path.GetDirectoryName(cluster)!);
        var locale = OperatingSystem.IsLinux() ? "C.UTF-8" : "C";
        Tool.Run(
            [
                .. user?.CommandPrefix(attempt) ?? [],
                programs.InitDb, "-D", attempt, "-U", EmbeddedPostgresResource.UserName,
                "--auth=scram-sha-256", $"--pwfile={passwordFile}", "--encoding=UTF8", $"--locale={locale}",
            ],
            workingDirectory: attempt);
        Directory.Move(attempt, cluster);
    }

    private static string ReadPassword(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InfrastructureException($"The password of the PostgreSQL data can't be read. {e.Message} Bring the file back, as the user that made it, or start empty with --fresh.", e);
        }
    }

    /// <summary>For this process: PostgreSQL, when asked to stop, waits for open connections, so none is left idle in a pool.</summary>
    private static async ValueTask<string> Unpooled(EmbeddedPostgresResource postgres, CancellationToken stop) =>
        $"{await postgres.ConnectionStringExpression.GetValueAsync(stop)};Pooling=false";

    [SuppressMessage("Security", "CA2100", Justification = "A quoted name of ours; CREATE DATABASE takes no parameters.")]
    private static async Task CreateAsync(string databaseName, string serverConnectionString, CancellationToken stop)
    {
        await using var connection = new NpgsqlConnection(serverConnectionString);
        await connection.OpenAsync(stop);

        await using var find = new NpgsqlCommand("SELECT 1 FROM pg_database WHERE datname = $1", connection) { Parameters = { new() { Value = databaseName } } };
        if (await find.ExecuteScalarAsync(stop) is null)
        {
            await using var create = new NpgsqlCommand($"CREATE DATABASE {new NpgsqlCommandBuilder().QuoteIdentifier(databaseName)}", connection);
            await create.ExecuteNonQueryAsync(stop);
        }
    }
}
