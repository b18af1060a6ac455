using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;
using Npgsql;
using OrderService.Tests.Books;
using OrderService.Tests.Shop;
using StackExchange.Redis;

namespace OrderService.Tests.Chaos;

/// <summary>
/// A graph of its own, whose servers and services are the application's and whose API and workers are processes of the suite, each behind
/// links that can be cut.
/// </summary>
public sealed class ChaosShop : ShopFixture
{
    private static readonly (string, string)[] ApiSettings = [ApiProcess.Gateway, ("RateLimits:PerUser", "0")];

    // Events that came too early are looked at often, so that a round need not wait for them, and none of them is given up in an outage.
    private static readonly (string, string)[] WorkerSettings = [("Consumer:MaxBackoff", "00:00:02"), ("Consumer:MaxAttempts", "100")];

    private readonly List<IAsyncDisposable> _own = [];
    private Link? _kafka;
    private Surroundings? _servers;

    /// <summary>The link of all to Kafka.</summary>
    internal Link Kafka => _kafka ?? throw new InvalidOperationException("The graph is not up.");

    /// <summary>The disk of the data folder, where there is one of its own.</summary>
    internal Disk? Disk { get; private set; }

    /// <summary>A library that gives a process a wrong clock (libfaketime), where it is installed or named.</summary>
    internal string? WrongClock { get; } = ChaosOptions.WrongClock;

    public override async Task DisposeAsync()
    {
        for (var i = _own.Count - 1; i >= 0; i--)
        {
            await _own[i].DisposeAsync();
        }

        await base.DisposeAsync();
        if (_kafka is not null)
        {
            await _kafka.DisposeAsync();
        }
    }

    /// <summary>An API that is not started yet.</summary>
    internal Replica NewApi(string name, IWatcher? watcher = null) => Keep(new Replica(
        name, new Links(_servers!, Kafka, watcher), (links, settings) => ApiProcess.Start(links.Surroundings, [.. ApiSettings, .. settings])));

    /// <summary>A worker that is not started yet.</summary>
    internal Replica NewWorker(string name, IWatcher? watcher = null) => Keep(new Replica(
        name,
        new Links(_servers!, Kafka, watcher),
        (links, settings) => WorkerProcess.Start(links.Surroundings, [.. WorkerSettings, .. settings])));

    /// <summary>Has everybody shop at these replicas.</summary>
    internal void Open(IReadOnlyList<Replica> apis) =>
        Api = new HttpClient(new Balancer(apis)) { BaseAddress = new Uri("http://api"), Timeout = Eventually.Deadline };

    /// <summary>The customer of a number, 1 to 1,000.</summary>
    internal Customer Customer(int number) => new(Api, Guid.Parse($"00000000-0000-4000-8000-{number:x12}"));

    /// <summary>The books of customers whose carts are empty.</summary>
    internal async Task<Ledger> NewLedgerAsync(IReadOnlyList<Customer> customers, IReadOnlyList<int> pieces)
    {
        // Straight from Redis: the API may be about to be killed.
        await Redis.KeyDeleteAsync([.. customers.Select(customer => (RedisKey)customer.CartKey)]);
        return await Ledger.OpenAsync(this, customers, pieces);
    }

    /// <summary>Starts a server that may have ended, and returns when it answers.</summary>
    internal async Task StartAgainAsync(string server)
    {
        var check = server == ResourceNames.Postgres ? (Func<Task>)(() => ScalarAsync<int>("SELECT 1")) : () => Redis.PingAsync();
        await Eventually.SeeAsync(
            async () =>
            {
                if (App.ResourceNotifications.TryGetCurrentState(server, out var state)
                    && KnownResourceStates.TerminalStates.Contains(state.Snapshot.State?.Text))
                {
                    await StartAsync(server);
                }

                try
                {
                    await check();
                    return "up";
                }
                catch (Exception e) when (e is NpgsqlException or RedisException or TimeoutException)
                {
                    return e.Message;
                }
            },
            seen => seen == "up",
            $"{server} being back");
    }

    private protected override Task PrepareAsync(IDistributedApplicationTestingBuilder builder)
    {
        foreach (var ours in builder.Resources.Where(resource => resource.Name is ResourceNames.Api or ResourceNames.Worker or ResourceNames.Payments).ToList())
        {
            builder.Resources.Remove(ours);
        }

        Disk = ChaosOptions.IsLong ? Disk.Mount(Data) : null;

        // The broker tells its clients to come through the link, which is there first.
        _kafka = new Link(ResourceNames.Kafka, () => 0);
        builder.CreateResourceBuilder(builder.Resources.OfType<ExecutableResource>().Single(resource => resource.Name == ResourceNames.Kafka))
            .WithEnvironment("ADVERTISED_PORT", _kafka.Port.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return Task.CompletedTask;
    }

    private protected override async Task WaitUntilUpAsync()
    {
        await WaitUntilHealthyAsync(ResourceNames.Kafka, ResourceNames.Redis, ResourceNames.Products, ResourceNames.Users);
        using var patience = new CancellationTokenSource(Eventually.Deadline);
        await App.ResourceNotifications.WaitForResourceAsync(ResourceNames.Migrations, KnownResourceStates.TerminalStates, patience.Token);
        _servers = await SurroundingsAsync();
        Kafka.LeadTo(int.Parse(_servers.Kafka.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
    }

    private protected override Task OpenAsync() => Task.CompletedTask;

    private protected override void Release() => Disk?.Dispose();

    private Replica Keep(Replica replica)
    {
        _own.Add(replica);
        return replica;
    }
}

/// <summary>Tests that hurt a graph of their own; they run when no other test does.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class OneChaos : ICollectionFixture<ChaosShop>
{
    public const string Name = "chaos";
}
