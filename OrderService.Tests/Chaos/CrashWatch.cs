using System.Collections.Concurrent;

namespace OrderService.Tests.Chaos;

/// <summary>
/// Lists the crash points that a process passes, and has the blow fall at one of them: a request that follows an answer on its connection
/// is a point, so a new step of the product is one without being told.
/// </summary>
internal sealed class CrashWatch : IWatcher
{
    private readonly ConcurrentDictionary<(Link, long), Connection> _connections = new();
    private readonly Lock _guard = new();
    private readonly HashSet<CrashPoint> _met = [];
    private readonly List<CrashPoint> _passed = [];
    private CrashPoint? _at;
    private Blow _blow;
    private Action? _kill;
    private bool _isOver;

    /// <summary>What reservations were asked for.</summary>
    public ReservationLog Reservations { get; } = new();

    /// <summary>Whether the blow fell.</summary>
    public bool HasStruck { get; private set; }

    /// <summary>The points that were passed since the last start, in order.</summary>
    public IReadOnlyList<CrashPoint> Passed
    {
        get
        {
            lock (_guard)
            {
                return [.. _passed];
            }
        }
    }

    /// <summary>Starts over, with a blow at one point or with none.</summary>
    /// <param name="at">Where.</param>
    /// <param name="blow">What.</param>
    /// <param name="kill">Kills the process.</param>
    public void Start(CrashPoint? at = null, Blow blow = default, Action? kill = null)
    {
        lock (_guard)
        {
            (_at, _blow, _kill, HasStruck, _isOver) = (at, blow, kill, false, false);
            _met.Clear();
            _passed.Clear();
        }
    }

    /// <summary>What comes now is not of the run any more.</summary>
    public void End()
    {
        lock (_guard)
        {
            _isOver = true;
        }
    }

    public async ValueTask<bool> MayPassAsync(Link link, long connection, bool isAnswer, ReadOnlyMemory<byte> bytes)
    {
        await Reservations.MayPassAsync(link, connection, isAnswer, bytes);
        var seen = _connections.GetOrAdd((link, connection), _ => new(Wire.Of(link)));
        lock (_guard)
        {
            if (isAnswer)
            {
                seen.IsAnswered = true;
                return !seen.Awaited || !Strike(seen);
            }

            var steps = seen.Wire.Read(bytes.Span);
            if (!seen.IsAnswered && link.Name != ResourceNames.Kafka)
            {
                return true;
            }

            seen.IsAnswered = steps.Count == 0 && seen.IsAnswered;
            foreach (var step in steps)
            {
                if (Passes(new(link.Name, step)))
                {
                    if (_blow is Blow.KillBefore or Blow.CutBefore)
                    {
                        return !Strike(seen);
                    }

                    seen.Awaited = true;
                }
            }

            return true;
        }
    }

    public void End(Link link, long connection) => _connections.TryRemove((link, connection), out _);

    /// <summary>Notes a point when it is passed for the first time; whether it is the one.</summary>
    private bool Passes(CrashPoint point)
    {
        if (_isOver || !_met.Add(point))
        {
            return false;
        }

        _passed.Add(point);
        return point == _at && !HasStruck;
    }

    private bool Strike(Connection connection)
    {
        connection.Awaited = false;
        if (HasStruck || _isOver)
        {
            return false;
        }

        HasStruck = true;
        if (_blow is Blow.KillBefore or Blow.KillAfter)
        {
            _kill?.Invoke();
        }

        return true;
    }

    private sealed class Connection(Wire wire)
    {
        public Wire Wire { get; } = wire;

        /// <summary>Nothing is waited for: whatever is asked now is a new step.</summary>
        public bool IsAnswered { get; set; } = true;

        /// <summary>The blow falls when the answer is here.</summary>
        public bool Awaited { get; set; }
    }
}
