using System.Collections.Concurrent;
using System.Diagnostics;
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

/// <summary>How a graph is started.</summary>
internal sealed record GraphOptions
{
    /// <summary>Workers.</summary>
    public int Replicas { get; init; } = 1;

    /// <summary>Whether the limit is there, and enough to buy. Without, it is the graph as anybody starts it.</summary>
    public bool Stocked { get; init; } = true;

    /// <summary>Whether .NET processes tell what they allocate.</summary>
    public bool Probed { get; init; } = true;

    /// <summary>Where the data is kept; a folder that goes with the graph by default.</summary>
    public string? Folder { get; init; }
}

/// <summary>
/// The whole graph of the AppHost with the limit beside it: on servers and data of its own, services in Production, without rate limits,
/// telemetry collected but not exported. Disposed, it leaves nothing behind.
/// </summary>
internal sealed class Graph : IAsyncDisposable
{
    /// <summary>Name of the limit's process, database and connection string.</summary>
    public const string LimitName = "limit";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly GraphOptions _options;
    private readonly string _folder;
    private readonly ConcurrentDictionary<string, (string Resource, int Pid)> _processes = new();
    private readonly ConcurrentDictionary<(string Resource, string Setting), string> _settings = new();
    private readonly CancellationTokenSource _end = new();
    private DistributedApplication? _app;
    private Task _watch = Task.CompletedTask;
    private NpgsqlDataSource? _orders;
    private NpgsqlDataSource? _limitOrders;

    private Graph(GraphOptions options) =>
        (_options, _folder) = (options, options.Folder ?? Directory.CreateTempSubdirectory("order-service-bench-").FullName);

    /// <summary>The order service.</summary>
    public Subject Product { get; private set; } = null!;

    /// <summary>The bare program.</summary>
    public Subject Limit { get; private set; } = null!;

    /// <summary>From the start of the first process until everything of the AppHost was healthy.</summary>
    public TimeSpan StartUp { get; private set; }

    /// <summary>Where the probes of .NET processes answer.</summary>
    public string Probes => Path.Combine(_folder, "probes");

    /// <summary>The product's database.</summary>
    public NpgsqlDataSource Orders => _orders ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>The limit's database: the product's schema on the same server.</summary>
    public NpgsqlDataSource LimitOrders => _limitOrders ?? throw new InvalidOperationException("The graph is not up.");

    private DistributedApplication App => _app ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>Starts it and returns when everything is healthy.</summary>
    /// <param name="options">In which way.</param>
    /// <param name="cancellationToken">Gives it up; nothing is left then either.</param>
    public static async Task<Graph> StartAsync(GraphOptions options, CancellationToken cancellationToken)
    {
        var graph = new Graph(options);
        try
        {
            await graph.StartItAsync(cancellationToken);
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
        await UntilAsync(() => Running.All(process => process.Resource != resource), cancellationToken);
    }

    /// <summary>Starts the processes of a resource and returns when it is healthy.</summary>
    public async Task StartAsync(string resource, CancellationToken cancellationToken)
    {
        await BeginAsync(resource, cancellationToken);
        await App.ResourceNotifications.WaitForResourceHealthyAsync(resource, WaitBehavior.WaitOnResourceUnavailable, cancellationToken);
    }

    /// <summary>Ends the processes of a resource and starts it anew, with the settings that it has now; returns when it is healthy.</summary>
    public async Task RestartAsync(string resource, CancellationToken cancellationToken)
    {
        await StopAsync(resource, cancellationToken);
        await StartAsync(resource, cancellationToken);
    }

    /// <summary>Starts the processes of a resource.</summary>
    public async Task BeginAsync(string resource, CancellationToken cancellationToken)
    {
        await CommandAsync(resource, KnownResourceCommands.StartCommand, cancellationToken);
        await UntilAsync(() => Running.Any(process => process.Resource == resource), cancellationToken);
    }

    /// <summary>Waits until the relays have sent everything.</summary>
    public async Task DrainAsync(CancellationToken cancellationToken)
    {
        while (await Backlog.OldestAsync(Orders, cancellationToken) is not null)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _watch;
        Product?.Dispose();
        Limit?.Dispose();
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
        if (_options.Folder is null)
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private async Task StartItAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Probes);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.OrderService_AppHost>(
            [
                "--embedded",
                $"--Embedded:DataPath={Path.Combine(_folder, "data")}",
                string.Create(CultureInfo.InvariantCulture, $"--Worker:Replicas={_options.Replicas}"),
            ],
            cancellationToken);
        builder.Services.AddLogging(logging => logging.ClearProviders());
        Configure(builder);
        AddLimit(builder);

        _app = await builder.BuildAsync(cancellationToken);
        _watch = WatchAsync(_app.ResourceNotifications, _end.Token);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        var start = Stopwatch.GetTimestamp();
        await _app.StartAsync(patience.Token);
        foreach (var resource in new[] { ResourceNames.Payments, ResourceNames.Worker, ResourceNames.Api })
        {
            await _app.ResourceNotifications.WaitForResourceHealthyAsync(resource, patience.Token);
        }

        StartUp = Stopwatch.GetElapsedTime(start);
        var connectionString = await ConnectionStringAsync(ResourceNames.Orders);
        _orders = NpgsqlDataSource.Create(connectionString);
        Product = new(Results.Product, this, ResourceNames.Api, new Requests("/api"));
        if (!_options.Stocked)
        {
            return;
        }

        _limitOrders = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { Database = LimitName });
        await CreateLimitDatabaseAsync(cancellationToken);
        await StartAsync(LimitName, cancellationToken);
        Limit = new(Results.Limit, this, LimitName, new Requests(""));
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
                if (_options.Probed)
                {
                    AddProbe(environment);
                }

                foreach (var ((_, setting), value) in _settings.Where(setting => setting.Key.Resource == service.Name))
                {
                    environment[setting] = value;
                }
            });
        }
    }

    private void AddLimit(IDistributedApplicationTestingBuilder builder)
    {
        var folder = ProgramFolder("Limit");
        var limit = builder.AddExecutable(LimitName, "dotnet", folder, "Limit.dll")
            .WithEndpoint(name: "http", scheme: "http", isProxied: false);
        limit.WithArgs(context => context.Args.Add(limit.GetEndpoint("http").Property(EndpointProperty.TargetPort)))
            .WithEnvironment(context =>
            {
                var environment = context.EnvironmentVariables;
                environment[$"ConnectionStrings__{LimitName}"] =
                    ReferenceExpression.Create($"{AddressOf(ResourceNames.Orders)};Database={LimitName}");
                environment[$"ConnectionStrings__{ResourceNames.Redis}"] = AddressOf(ResourceNames.Redis);
                environment[$"ConnectionStrings__{ResourceNames.Kafka}"] = AddressOf(ResourceNames.Kafka);
                AddProbe(environment);
            })
            .WithHttpHealthCheck("/health")
            .WithExplicitStart();

        ReferenceExpression AddressOf(string name) =>
            builder.Resources.OfType<IResourceWithConnectionString>().Single(resource => resource.Name == name).ConnectionStringExpression;
    }

    private void AddProbe(Dictionary<string, object> environment)
    {
        environment["DOTNET_STARTUP_HOOKS"] = Path.Combine(ProgramFolder("Probe"), "Probe.dll");
        environment["BENCH_PROBE"] = Probes;
    }

    /// <summary>The output of another program: bin/OrderService.Bench/release → bin/Limit/release.</summary>
    private static string ProgramFolder(string project)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(own.Parent!.Parent!.FullName, project, own.Name);
    }

    /// <summary>Keeps track of which processes there are. Until it runs, a resource that was started anew still names its former process.</summary>
    private async Task WatchAsync(ResourceNotificationService resources, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var change in resources.WatchAsync(cancellationToken))
            {
                var pid = change.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value;
                if (pid is not null && change.Snapshot.State?.Text == KnownResourceStates.Running)
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
        await using (var create = Orders.CreateCommand($"CREATE DATABASE \"{LimitName}\""))
        {
            await create.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var context = new OrdersDbContext(new DbContextOptionsBuilder<OrdersDbContext>()
            .UseNpgsql(LimitOrders)
            .ConfigureWarnings(warnings => warnings.Ignore(Microsoft.EntityFrameworkCore.Diagnostics.RelationalEventId.PendingModelChangesWarning))
            .Options);
        await context.Database.MigrateAsync(cancellationToken);
    }

    private static async Task UntilAsync(Func<bool> seen, CancellationToken cancellationToken)
    {
        while (!seen())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), cancellationToken);
        }
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
