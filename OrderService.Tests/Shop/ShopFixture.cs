using System.Net.Http.Json;
using System.Text.Json;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using OrderService.Core.Persistence;
using StackExchange.Redis;

namespace OrderService.Tests.Shop;

/// <summary>The whole graph, once per test run: its own data folder, its own ports, gone at the end.</summary>
public class ShopFixture : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("order-service-tests-").FullName;
    private int _users;
    private DistributedApplication? _app;
    private KafkaTap? _tap;
    private Publisher? _publisher;
    private OtlpReceiver? _telemetry;
    private AsyncApi? _contract;
    private ConnectionMultiplexer? _redis;

    internal DistributedApplication App => _app ?? throw new InvalidOperationException("The graph is not up.");

    internal KafkaTap Events => _tap ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>What is documented of messages.</summary>
    internal AsyncApi Contract => _contract ?? throw new InvalidOperationException("The document is not read.");

    internal Publisher Publisher => _publisher ?? throw new InvalidOperationException("The graph is not up.");

    internal OtlpReceiver Telemetry => _telemetry ?? throw new InvalidOperationException("The graph is not up.");

    internal IDatabase Redis => _redis?.GetDatabase() ?? throw new InvalidOperationException("The graph is not up.");

    internal HttpClient Api { get; private protected set; } = new();

    internal HttpClient Products { get; private set; } = new();

    internal HttpClient Users { get; private set; } = new();

    internal HttpClient Payments { get; private set; } = new();

    internal NpgsqlDataSource Database { get; private set; } = null!;

    /// <summary>The folder of the servers' data.</summary>
    private protected string Data => _data;

    /// <summary>Starts the graph and waits until everything is healthy.</summary>
    public async Task InitializeAsync()
    {
        _contract = await AsyncApi.LoadAsync();
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.OrderService_AppHost>(
            ["--embedded", $"--Embedded:DataPath={_data}"]);
        await PrepareAsync(builder);
        _app = await builder.BuildAsync();
        await _app.StartAsync();
        await WaitUntilUpAsync();
        Products = _app.CreateHttpClient(ResourceNames.Products, "http");
        Users = _app.CreateHttpClient(ResourceNames.Users, "http");
        Database = NpgsqlDataSource.Create(await ConnectionStringAsync(ResourceNames.Orders));
        _redis = await ConnectionMultiplexer.ConnectAsync(await ConnectionStringAsync(ResourceNames.Redis));
        var kafka = await ConnectionStringAsync(ResourceNames.Kafka);
        _tap = new KafkaTap(kafka, Contract);
        _publisher = new Publisher(kafka);
        await OpenAsync();
    }

    /// <summary>What is to be different from the application as it is, before anything of it runs.</summary>
    private protected virtual async Task PrepareAsync(IDistributedApplicationTestingBuilder builder)
    {
        _telemetry = await OtlpReceiver.StartAsync();
        foreach (var service in builder.Resources.OfType<ProjectResource>())
        {
            builder.CreateResourceBuilder(service)
                .WithEnvironment("OTEL_SERVICE_NAME", service.Name)
                .WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", _telemetry.Endpoint)
                .WithEnvironment("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
                .WithEnvironment("OTEL_BSP_SCHEDULE_DELAY", "500")
                .WithEnvironment("OTEL_METRIC_EXPORT_INTERVAL", "1000");
        }
    }

    /// <summary>Waits for those on which nothing else waits.</summary>
    private protected virtual Task WaitUntilUpAsync() => WaitUntilHealthyAsync(ResourceNames.Payments, ResourceNames.Worker, ResourceNames.Api);

    /// <summary>The last step: the API's client, and whatever else the tests find as they left it.</summary>
    private protected virtual async Task OpenAsync()
    {
        Api = await ContractCheck.CreateClientAsync(App.GetEndpoint(ResourceNames.Api, "http"));
        Payments = App.CreateHttpClient(ResourceNames.Payments, "http");
        await SetModeAsync("manual");
    }

    private protected async Task WaitUntilHealthyAsync(params string[] resources)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        foreach (var resource in resources)
        {
            await App.ResourceNotifications.WaitForResourceHealthyAsync(resource, patience.Token);
        }
    }

    /// <summary>Stops everything and takes the data away.</summary>
    public virtual async Task DisposeAsync()
    {
        _publisher?.Dispose();
        _tap?.Dispose();
        if (Database is not null)
        {
            await Database.DisposeAsync();
        }

        if (_redis is not null)
        {
            await _redis.DisposeAsync();
        }

        foreach (var client in new[] { Api, Products, Users, Payments })
        {
            client.Dispose();
        }

        if (_app is not null)
        {
            await _app.DisposeAsync();
        }

        if (_telemetry is not null)
        {
            await _telemetry.DisposeAsync();
        }

        Release();
        Directory.Delete(_data, recursive: true);
    }

    /// <summary>Gives back what the data folder lies on, before the folder goes.</summary>
    private protected virtual void Release()
    {
    }

    /// <summary>A customer whom no other test uses.</summary>
    internal Customer NewCustomer() => new(Api, Guid.Parse($"00000000-0000-4000-8000-{Interlocked.Increment(ref _users):x12}"));

    /// <summary>A guest whose cart no other test uses.</summary>
    internal Customer NewGuest() => Customer.Guest(Api, Guid.NewGuid());

    /// <summary>Puts a product of this test's own on sale.</summary>
    internal async Task<string> NewProductAsync(decimal price = 10.00m, int stock = 100, string currency = "EUR", string name = "A thing")
    {
        var id = $"T-{Guid.NewGuid():N}";
        await PutProductAsync(id, price, stock, currency, name);
        return id;
    }

    internal async Task PutProductAsync(string id, decimal price, int stock, string currency = "EUR", string name = "A thing")
    {
        using var answer = await Products.PutAsJsonAsync($"/api/products/{id}", new { name, price, currency, stock });
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    internal Task<JsonElement> ProductAsync(string id) => Products.GetFromJsonAsync<JsonElement>($"/api/products/{id}");

    /// <summary>Whether the simulator pays and delivers by itself (<c>auto</c>) or leaves it to the test (<c>manual</c>).</summary>
    internal async Task SetModeAsync(string mode)
    {
        using var answer = await Payments.PutAsJsonAsync("/mode", new { mode });
        answer.EnsureSuccessStatusCode();
    }

    internal async Task<string> ConnectionStringAsync(string resource) =>
        await App.GetConnectionStringAsync(resource) ?? throw new InvalidOperationException($"{resource} has no connection string.");

    /// <summary>Where a process beside the graph's own finds what it depends on.</summary>
    internal async Task<Surroundings> SurroundingsAsync() => new(
        await ConnectionStringAsync(ResourceNames.Orders),
        await ConnectionStringAsync(ResourceNames.Redis),
        await ConnectionStringAsync(ResourceNames.Kafka),
        App.GetEndpoint(ResourceNames.Products, "http"),
        App.GetEndpoint(ResourceNames.Users, "http"));

    internal async Task<T?> ScalarAsync<T>(string sql, params object[] parameters)
    {
        await using var command = Database.CreateCommand(sql);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return await command.ExecuteScalarAsync() is T value_ ? value_ : default;
    }

    internal async Task<List<T>> RowsAsync<T>(string sql, Func<NpgsqlDataReader, T> read, object parameter)
    {
        await using var command = Database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <summary>A database beside the shop's own, without tables, which goes with the server.</summary>
    internal async Task<OrdersDbContext> NewDatabaseAsync(string name)
    {
        var server = new NpgsqlConnectionStringBuilder(await ConnectionStringAsync(ResourceNames.Orders));
        var database = $"{name}_{Guid.NewGuid():N}";
        await using var create = Database.CreateCommand($"CREATE DATABASE {database}");
        await create.ExecuteNonQueryAsync();
        server.Database = database;
        server.Pooling = false;
        return new OrdersDbContext(new DbContextOptionsBuilder<OrdersDbContext>()
            .UseNpgsql(server.ConnectionString)
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
            .Options);
    }

    /// <summary>The process of a resource, as the application model reports it.</summary>
    internal int ProcessOf(string resource) =>
        App.ResourceNotifications.TryGetCurrentState(resource, out var state)
            && state.Snapshot.Properties.FirstOrDefault(property => property.Name == "executable.pid")?.Value is { } pid
            ? Convert.ToInt32(pid, System.Globalization.CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"{resource} has no process.");

    /// <summary>Kills a resource's process where it stands and returns when the host has noticed.</summary>
    internal async Task KillAsync(string resource)
    {
        ProcessTree.Kill(ProcessOf(resource));
        using var patience = new CancellationTokenSource(Eventually.Deadline);
        await App.ResourceNotifications.WaitForResourceAsync(resource, KnownResourceStates.TerminalStates, patience.Token);
    }

    /// <summary>
    /// Starts over whoever reads from a broker that came back empty: one that goes on at its old position would miss what is written
    /// before the new log has grown past it.
    /// </summary>
    internal async Task StartReadersOverAsync()
    {
        foreach (var reader in new[] { ResourceNames.Payments, ResourceNames.Worker })
        {
            await KillAsync(reader);
            await StartAsync(reader);
        }

        Events.Dispose();
        _tap = new KafkaTap(await ConnectionStringAsync(ResourceNames.Kafka), Contract);
        await SetModeAsync("manual");
    }

    /// <summary>Kills the graph's worker and has it back at the end, however that comes.</summary>
    internal async Task WithoutWorkerAsync(Func<Task> meanwhile)
    {
        await KillAsync(ResourceNames.Worker);
        try
        {
            await meanwhile();
        }
        finally
        {
            await StartAsync(ResourceNames.Worker);
        }
    }

    internal async Task StartAsync(string resource)
    {
        var result = await App.ResourceCommands.ExecuteCommandAsync(resource, KnownResourceCommands.StartCommand);
        Assert.True(result.Success, result.ToString());
        using var patience = new CancellationTokenSource(Eventually.Deadline);

        // The last that was told of it may still be its former end.
        await App.ResourceNotifications.WaitForResourceHealthyAsync(resource, WaitBehavior.WaitOnResourceUnavailable, patience.Token);
    }
}

/// <summary>Tests that share the graph; they run one after another.</summary>
[CollectionDefinition(Name)]
public sealed class OneShop : ICollectionFixture<ShopFixture>
{
    public const string Name = "shop";
}
