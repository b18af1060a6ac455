namespace OrderService.Bench;

/// <summary>One side of a measurement: who is asked, and which processes work for it.</summary>
internal sealed class Subject(string side, Graph graph, string resource, Requests requests) : IDisposable
{
    private static readonly string[] ProductProcesses =
    [
        ResourceNames.Api, ResourceNames.Worker, ResourceNames.Postgres, ResourceNames.Redis,
        ResourceNames.Products, ResourceNames.Users, ResourceNames.Kafka, ResourceNames.Payments,
    ];

    private static readonly string[] LimitProcesses = [Graph.LimitName, ResourceNames.Postgres, ResourceNames.Redis, ResourceNames.Kafka];

    /// <summary><see cref="Results.Product"/>, or what it is compared with.</summary>
    public string Side => side;

    /// <summary>Where it runs.</summary>
    public Graph Graph => graph;

    /// <summary>Its requests.</summary>
    public Requests Requests => requests;

    /// <summary>Its clients.</summary>
    public Load Load { get; private set; } = new(graph.AddressOf(resource));

    /// <summary>The process that answers.</summary>
    public int Process => graph.ProcessOf(resource);

    /// <summary>Names of the processes that work for it.</summary>
    public IReadOnlyList<string> Resources => resource == ResourceNames.Api ? ProductProcesses : LimitProcesses;

    /// <summary>Has nothing left to do from before.</summary>
    public async Task SettleAsync(CancellationToken cancellationToken)
    {
        if (resource == ResourceNames.Api)
        {
            await graph.DrainAsync(cancellationToken);
        }
        else
        {
            // Nobody sends these.
            await using var truncate = graph.LimitOrders.CreateCommand("TRUNCATE outbox_messages");
            await truncate.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>The same under another name.</summary>
    public Subject As(string other) => new(other, graph, resource, requests);

    /// <summary>New connections, after the process was started anew.</summary>
    public void Reconnect()
    {
        Load.Dispose();
        Load = new(graph.AddressOf(resource));
    }

    /// <inheritdoc/>
    public void Dispose() => Load.Dispose();
}
