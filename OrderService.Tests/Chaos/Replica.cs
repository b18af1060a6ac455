using Npgsql;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Chaos;

/// <summary>The links of one process to each of its servers; that to Kafka is shared by all, since a broker has one address.</summary>
internal sealed class Links : IAsyncDisposable
{
    private readonly Surroundings _servers;

    public Links(Surroundings servers, Link kafka, IWatcher? watcher = null)
    {
        _servers = servers;
        Orders = new Link(ResourceNames.Orders, () => new NpgsqlConnectionStringBuilder(servers.Orders).Port, watcher);
        Redis = new Link(ResourceNames.Redis, () => int.Parse(servers.Redis.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture), watcher);
        Products = new Link(ResourceNames.Products, () => servers.Products.Port, watcher);
        Users = new Link(ResourceNames.Users, () => servers.Users.Port, watcher);
        Kafka = kafka;
    }

    public Link Orders { get; }

    public Link Redis { get; }

    public Link Products { get; }

    public Link Users { get; }

    public Link Kafka { get; }

    /// <summary>All that are this process's alone.</summary>
    public IReadOnlyList<Link> Own => [Orders, Redis, Products, Users];

    /// <summary>Where the process finds its servers: at the links.</summary>
    public Surroundings Surroundings => new(
        new NpgsqlConnectionStringBuilder(_servers.Orders) { Port = Orders.Port }.ConnectionString,
        $"127.0.0.1:{Redis.Port}",
        $"127.0.0.1:{Kafka.Port}",
        new Uri($"http://127.0.0.1:{Products.Port}"),
        new Uri($"http://127.0.0.1:{Users.Port}"));

    public async ValueTask DisposeAsync()
    {
        foreach (var link in Own)
        {
            await link.DisposeAsync();
        }
    }
}

/// <summary>A process that is killed and started again, between links of its own.</summary>
/// <param name="name">What it is called.</param>
/// <param name="links">Between it and its servers.</param>
/// <param name="start">Starts it.</param>
internal sealed class Replica(string name, Links links, Func<Links, (string, string)[], ServiceProcess> start) : IAsyncDisposable
{
    private readonly Lock _guard = new();
    private ServiceProcess? _process;
    private volatile bool _isOver;
    private string _earlier = "";

    public Links Links => links;

    /// <summary>Where it answers; <c>null</c> while it is away.</summary>
    public Uri? Address { get; private set; }

    /// <summary>When it was killed last.</summary>
    public DateTimeOffset KilledAt { get; private set; } = DateTimeOffset.MinValue;

    public int Id => _process?.Id ?? throw new InvalidOperationException($"{name} does not run.");

    public bool Runs => _process is { HasExited: false };

    /// <summary>What it wrote so far, before it was killed too.</summary>
    public string Output => _earlier + _process?.Output;

    /// <summary>Starts it and returns when it listens.</summary>
    public async Task StartAsync(params (string Setting, string Value)[] settings)
    {
        ServiceProcess process;
        lock (_guard)
        {
            ObjectDisposedException.ThrowIf(_isOver, this);
            _process?.Dispose();
            process = _process = start(links, settings);
        }

        var address = await process.ListenAsync();
        lock (_guard)
        {
            Address = _process == process ? address : Address;
        }
    }

    /// <summary>Kills it where it stands.</summary>
    public void Kill()
    {
        lock (_guard)
        {
            Address = null;
            _process?.Dispose();
            _earlier = Output;
            _process = null;
            KilledAt = DateTimeOffset.UtcNow;
        }
    }

    /// <summary>Kills it for good.</summary>
    public void End()
    {
        _isOver = true;
        Kill();
    }

    public async ValueTask DisposeAsync()
    {
        End();
        await links.DisposeAsync();
    }

    public override string ToString() => name;
}

/// <summary>Sends each request to the next of the replicas that are there, as a load balancer does.</summary>
internal sealed class Balancer(IReadOnlyList<Replica> replicas) : DelegatingHandler(new SocketsHttpHandler())
{
    private int _next;

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        for (var i = 0; i < replicas.Count; i++)
        {
            if (replicas[(int)((uint)Interlocked.Increment(ref _next) % replicas.Count)].Address is { } address)
            {
                request.RequestUri = new Uri(address, request.RequestUri!.PathAndQuery);
                return base.SendAsync(request, cancellationToken);
            }
        }

        throw new HttpRequestException("No replica is there.");
    }
}
