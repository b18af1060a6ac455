using System.Collections.Concurrent;
using System.Globalization;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using OrderService.Core.Persistence;

namespace OrderService.Bench;

/// <summary>
/// The whole graph of the AppHost with the limit beside it: on servers and data of its own, services in Production, without rate limits,
/// telemetry collected but not exported. Disposed, it leaves nothing behind.
/// </summary>
internal sealed class Graph : IAsyncDisposable
{
    /// <summary>Name of the limit's process, database and connection string.</summary>
    public const string Limit = "limit";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly string _folder;
    private readonly ConcurrentDictionary<string, (string Resource, int Pid)> _processes = new();
    private readonly ConcurrentDictionary<(string Resource, string Setting), string> _settings = new();
    private readonly CancellationTokenSource _end = new();
    private DistributedApplication? _app;
    private Task _watch = Task.CompletedTask;
    private NpgsqlDataSource? _orders;
    private NpgsqlDataSource? _limitOrders;

    private Graph(string folder) => _folder = folder;

    /// <summary>Where the probes of .NET processes answer.</summary>
    public string Probes => Path.Combine(_folder, "probes");

    /// <summary>The product's database.</summary>
    public NpgsqlDataSource Orders => _orders ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>The limit's database: the product's schema on the same server.</summary>
    public NpgsqlDataSource LimitOrders => _limitOrders ?? throw new InvalidOperationException("The graph is not up.");

    private DistributedApplication App => _app ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>Starts it and returns when everything is healthy.</summary>
    /// <param name="replicas">Workers.</param>
    /// <param name="cancellationToken">Gives it up; nothing is left then either.</param>
    public static async Task<Graph> StartAsync(int replicas, CancellationToken cancellationToken)
    {
        var graph = new Graph(Directory.CreateTempSubdirectory("order-service-bench-").FullName);
        try
        {
            await graph.StartItAsync(replicas, cancellationToken);
            return graph;
        }
        catch
        {
            await graph.DisposeAsync();
            throw;
        }
    }

    /// <summary>Where a resource answers HTTP.</summary>
    public Uri AddressOf(string resource) => App.GetEndpoint(resource, "http");

    /// <summary>A client of a resource.</summary>
    public HttpClient ClientOf(string resource) => new() { BaseAddress = AddressOf(resource) };

    /// <summary>How a resource is reached.</summary>
    public async Task<string> ConnectionStringAsync(string resource) =>
        await App.GetConnectionStringAsync(resource) ?? throw new InvalidOperationException($"{resource} has no connection string.");

    /// <summary>The processes that run now, replicas one by one.</summary>
    public IReadOnlyList<(string Resource, int Pid)> Running => [.. _processes.Values];

    /// <summary>The process of a resource that has one.</summary>
    public int ProcessOf(string resource) => Running.First(process => process.Resource == resource).Pid;

    /// <summary>A setting of a resource from its next start on, as an environment variable; <c>null</c> takes it back.</summary>
    public void Set(string resource, string setting, string? value)
    {
        if (value is null)
        {
            _settings.TryRemove((resource, setting), out _);
        }
        else
        {
            _settings[(resource, setting)] = value;
        }
    }

    /// <summary>Ends the processes of a resource.</summary>
    public async Task StopAsync(string resource, CancellationToken cancellationToken)
    {
        await CommandAsync(resource, KnownResourceCommands.StopCommand, cancellationToken);
        await App.ResourceNotifications.WaitForResourceAsync(resource, KnownResourceStates.TerminalStates, cancellationToken);
    }

    /// <summary>Starts the processes of a resource and returns when it is healthy.</summary>
    public async Task StartAsync(string resource, CancellationToken cancellationToken)
    {
        await CommandAsync(resource, KnownResourceCommands.StartCommand, cancellationToken);
        await App.ResourceNotifications.WaitForResourceHealthyAsync(resource, cancellationToken);
    }

    /// <summary>Waits until the relays have sent everything.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        await using var look = Orders.CreateCommand("SELECT NOT EXISTS (SELECT FROM outbox_messages)");
        while (await look.ExecuteScalarAsync(cancellationToken) is not true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watch;
        foreach (var database in new[] { _orders, _limitOrders })
        {
            if (database is not null)
            {
                await database.DisposeAsync();
            }
        }

        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        _end.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task StartItAsync(int replicas, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Probes);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.OrderService_AppHost>(
            [
                "--embedded",
                $"--Embedded:DataPath={Path.Combine(_folder, "data")}",
                string.Create(CultureInfo.InvariantCulture, $"--Worker:Replicas={replicas}"),
            ],
            cancellationToken);
        builder.Services.AddLogging(logging => logging.ClearProviders());
        Configure(builder);
        AddLimit(builder);

        _app = await builder.BuildAsync(cancellationToken);
        _watch = WatchAsync(_app.ResourceNotifications, _end.Token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        await _app.StartAsync(patience.Token);
        foreach (var resource in new[] { ResourceNames.Payments, ResourceNames.Worker, ResourceNames.Api })
        {
            await _app.ResourceNotifications.WaitForResourceHealthyAsync(resource, patience.Token);
        }

        var connectionString = await ConnectionStringAsync(ResourceNames.Orders);
        _orders = NpgsqlDataSource.Create(connectionString);
        _limitOrders = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Database = Limit });
        await CreateLimitDatabaseAsync(cancellationToken);
        await StartAsync(Limit, cancellationToken);
        await Shop.PrepareAsync(this, cancellationToken);
    }

    private void Configure(IDistributedApplicationTestingBuilder builder)
    {
        foreach (var service in builder.Resources.OfType<ProjectResource>())
        {
            builder.CreateResourceBuilder(service).WithEnvironment(context =>
            {
                var environment = context.EnvironmentVariables;
                environment["ASPNETCORE_ENVIRONMENT"] = "Production";
                environment["DOTNET_ENVIRONMENT"] = "Production";
                environment["Identity__TrustGatewayHeader"] = "true";
                environment["RateLimits__PerUser"] = "0";
                environment["RateLimits__PerAddress"] = "0";
                // Nobody pays here, and no order is to end while others are measured.
                environment["Orders__PaymentTimeout"] = "1.00:00:00";
                AddProbe(environment);
                foreach (var ((_, setting), value) in _settings.Where(setting => setting.Key.Resource == service.Name))
                {
                    environment[setting] = value;
                }
            });
        }
    }

    private void AddLimit(IDistributedApplicationTestingBuilder builder)
    {
        var orders = builder.Resources.OfType<IResourceWithConnectionString>().Single(resource => resource.Name == ResourceNames.Orders);
        var redis = builder.Resources.OfType<IResourceWithConnectionString>().Single(resource => resource.Name == ResourceNames.Redis);
        var folder = ProgramFolder(Limit);
        var limit = builder.AddExecutable(Limit, "dotnet", folder, "Limit.dll").WithEndpoint(name: "http", scheme: "http", isProxied: false);
        limit.WithArgs(context => context.Args.Add(limit.GetEndpoint("http").Property(EndpointProperty.TargetPort)))
            .WithEnvironment(context =>
            {
                context.EnvironmentVariables[$"ConnectionStrings__{Limit}"] = ReferenceExpression.Create($"{orders.ConnectionStringExpression};Database={Limit}");
                context.EnvironmentVariables[$"ConnectionStrings__{ResourceNames.Redis}"] = redis.ConnectionStringExpression;
                AddProbe(context.EnvironmentVariables);
            })
            .WithHttpHealthCheck("/health")
            .WithExplicitStart();
    }

    private void AddProbe(Dictionary<string, object> environment)
    {
        environment["DOTNET_STARTUP_HOOKS"] = Path.Combine(ProgramFolder("Probe"), "Probe.dll");
        environment["BENCH_PROBE"] = Probes;
    }

    /// <summary>The output of a program that is built with this one: artifacts/bin/OrderService.Bench/release → artifacts/bin/Limit/release.</summary>
    private static string ProgramFolder(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project == Limit ? "Limit" : project, own.Name);
    }

    /// <summary>Keeps track of which processes there are.</summary>
    private async Task WatchAsync(ResourceNotificationService resources, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in resources.WatchAsync(cancellationToken))
            {
                var pid = change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value;
                if (pid is not null && !KnownResourceStates.TerminalStates.Contains(change.Snapshot.State?.Text))
                {
                    _processes[change.ResourceId] = (change.Resource.Name, Convert.ToInt32(pid, CultureInfo.InvariantCulture));
                }
                else
                {
                    _processes.TryRemove(change.ResourceId, out _);
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
        }
    }

    private async Task CreateLimitDatabaseAsync(CancellationToken cancellationToken)
    {
        await using (var create = Orders.CreateCommand($"CREATE DATABASE \"{Limit}\""))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var context = new OrdersDbContext(new DbContextOptionsBuilder<OrdersDbContext>()
            .UseNpgsql(LimitOrders)
            .ConfigureWarnings(warnings => warnings.Ignore(Microsoft.EntityFrameworkCore.Diagnostics.RelationalEventId.PendingModelChangesWarning))
            .Options);
        await context.Database.MigrateAsync(cancellationToken);
    }

    private async Task CommandAsync(string resource, string command, CancellationToken cancellationToken)
    {
        var result = await App.ResourceCommands.ExecuteCommandAsync(resource, command, cancellationToken);
        if (!result.Success)
        {
            throw new BenchException($"'{resource}' does not {command}: {result.Message}");
        }
    }
}
