using System.Collections.Concurrent;
using System.Globalization;

namespace OrderService.Tests.Chaos;

/// <summary>What happened in a run, in numbers.</summary>
internal sealed class Figures
{
    private readonly ConcurrentDictionary<string, int> _answers = new();
    private readonly ConcurrentDictionary<FaultKind, ConcurrentQueue<TimeSpan>> _recoveries = new();
    private readonly Lock _guard = new();
    private TaskCompletionSource _nextOrder = New();
    private long _unanswered;
    private long _orders;
    private long _events;
    private long _repeats;
    private long _sent;
    private long _left;
    private long _orphaned;
    private (TimeSpan Time, string What) _slowest;

    /// <summary>Orders that clients were told of.</summary>
    public long Orders => Interlocked.Read(ref _orders);

    /// <summary>Faults that were put right again.</summary>
    public int Faults => _recoveries.Values.Sum(times => times.Count);

    /// <summary>Completes with the next order that is placed.</summary>
    public Task NextOrder
    {
        get
        {
            lock (_guard)
            {
                return _nextOrder.Task;
            }
        }
    }

    public void Answered(string what, string status, TimeSpan time)
    {
        _answers.AddOrUpdate(status, 1, (_, count) => count + 1);
        lock (_guard)
        {
            _slowest = time > _slowest.Time ? (time, $"{what}, {status}") : _slowest;
        }
    }

    public void Unanswered() => Interlocked.Increment(ref _unanswered);

    public void Placed()
    {
        Interlocked.Increment(ref _orders);
        TaskCompletionSource waiting;
        lock (_guard)
        {
            (waiting, _nextOrder) = (_nextOrder, New());
        }

        waiting.SetResult();
    }

    public void Published() => Interlocked.Increment(ref _sent);

    public void Seen(int events, int repeats)
    {
        Interlocked.Add(ref _events, events);
        Interlocked.Add(ref _repeats, repeats);
    }

    public void LeftInCarts(int carts) => Interlocked.Add(ref _left, carts);

    public void Orphaned(int pieces) => Interlocked.Add(ref _orphaned, pieces);

    public void Recovered(FaultKind kind, TimeSpan time) => _recoveries.GetOrAdd(kind, _ => new()).Enqueue(time);

    public override string ToString() => string.Join('\n', (string[])
    [
        string.Create(CultureInfo.InvariantCulture, $"{_answers.Values.Sum() + _unanswered} requests: {string.Join(", ", _answers.OrderBy(a => a.Key).Select(a => $"{a.Value} × {a.Key}"))}, {_unanswered} × no answer; the slowest answer took {_slowest.Time.TotalSeconds:F1} s ({_slowest.What})"),
        $"{_orders} orders placed, {_sent} payments and fulfilments published, {_events} order events read from Kafka and {_repeats} repeats of them",
        $"{_left} carts showed what was ordered until their next checkout, {_orphaned} pieces stay reserved until they expire, for orders that died with their API",
        $"{Faults} faults:",
        .. _recoveries.OrderBy(kind => kind.Key.ToString(), StringComparer.Ordinal).Select(kind => string.Create(
            CultureInfo.InvariantCulture,
            $"  {kind.Value.Count} × {kind.Key}: an order went through {kind.Value.Average(time => time.TotalSeconds):F1} s after it was put right, at most {kind.Value.Max().TotalSeconds:F1} s")),
    ]);

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
