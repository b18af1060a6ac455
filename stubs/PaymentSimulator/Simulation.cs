namespace PaymentSimulator;

/// <summary>Whether orders move by themselves.</summary>
internal enum SimulationMode
{
    /// <summary>Pays at once and walks the order to DELIVERED, a step every second.</summary>
    Auto,

    /// <summary>Does nothing by itself.</summary>
    Manual,
}

/// <summary>An amount in a currency, by its ISO 4217 code.</summary>
internal sealed record Money(decimal Amount, string Currency);

/// <summary>The mode, what orders cost, and what has happened since the start, for every thread.</summary>
internal sealed class Simulation(SimulationMode mode)
{
    private const int RememberedOrders = 10_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<Guid, Money> _totals = [];
    private readonly Queue<Guid> _oldestFirst = new();
    private volatile SimulationMode _mode = mode;
    private long _consumed;
    private long _skipped;
    private long _published;

    /// <summary>Whether orders move by themselves.</summary>
    public SimulationMode Mode
    {
        get => _mode;
        set => _mode = value;
    }

    /// <summary>Order events read.</summary>
    public long Consumed => Interlocked.Read(ref _consumed);

    /// <summary>Malformed order events among them.</summary>
    public long Skipped => Interlocked.Read(ref _skipped);

    /// <summary>Events published.</summary>
    public long Published => Interlocked.Read(ref _published);

    /// <summary>The mode that the setting <c>Mode</c> names; auto when it is not set.</summary>
    public static SimulationMode ParseMode(string? setting) => setting?.ToLowerInvariant() switch
    {
        null or "" or "auto" => SimulationMode.Auto,
        "manual" => SimulationMode.Manual,
        _ => throw new InvalidOperationException($"The setting 'Mode' is '{setting}': set it to 'auto' or 'manual'."),
    };

    /// <summary>Counts an order event.</summary>
    public void CountConsumed() => Interlocked.Increment(ref _consumed);

    /// <summary>Counts a malformed order event.</summary>
    public void CountSkipped() => Interlocked.Increment(ref _skipped);

    /// <summary>Counts a published event.</summary>
    public void CountPublished() => Interlocked.Increment(ref _published);

    /// <summary>Remembers what an order costs, for the latest 10,000 orders.</summary>
    public void Remember(Guid orderId, Money total)
    {
        lock (_gate)
        {
            if (_totals.TryAdd(orderId, total))
            {
                _oldestFirst.Enqueue(orderId);
            }

            _totals[orderId] = total;
            if (_oldestFirst.Count > RememberedOrders)
            {
                _totals.Remove(_oldestFirst.Dequeue());
            }
        }
    }

    /// <summary>What the order costs, or null if its <c>order.placed</c> was not seen lately.</summary>
    public Money? TotalOf(Guid orderId)
    {
        lock (_gate)
        {
            return _totals.GetValueOrDefault(orderId);
        }
    }
}
