using System.Collections.Concurrent;

namespace OrderService.Worker;

/// <summary>Who has failed lately and when each may try again: waits that double from a least to a most.</summary>
internal sealed class Backoff<TKey>(TimeSpan least, TimeSpan most)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, (int Failures, DateTimeOffset Until)> _failing = new();

    /// <summary>Notes one more failure and returns the wait until the next try.</summary>
    public TimeSpan Fail(TKey key, DateTimeOffset now)
    {
        var failures = _failing.TryGetValue(key, out var before) ? before.Failures + 1 : 1;
        var wait = After(failures, least, most);
        _failing[key] = (failures, now + wait);
        return wait;
    }

    /// <summary>Forgets past failures.</summary>
    public void Forget(TKey key) => _failing.TryRemove(key, out _);

    /// <summary>Who has to wait still.</summary>
    public TKey[] Waiting(DateTimeOffset now) =>
        [.. _failing.Where(entry => entry.Value.Until > now).Select(entry => entry.Key)];

    /// <summary>The time until the first wait ends, at most <paramref name="longest"/>.</summary>
    public TimeSpan NextWait(DateTimeOffset now, TimeSpan longest) =>
        _failing.Values.Select(entry => entry.Until - now).Where(wait => wait > TimeSpan.Zero).Append(longest).Min();

    /// <summary>Forgets those whose wait ended by <paramref name="when"/>: called when a look found nothing of theirs.</summary>
    public void ForgetDue(DateTimeOffset when)
    {
        foreach (var (key, _) in _failing.Where(entry => entry.Value.Until <= when))
        {
            _failing.TryRemove(key, out _);
        }
    }

    /// <summary>The wait after so many failures.</summary>
    public static TimeSpan After(int failures, TimeSpan least, TimeSpan most)
    {
        var wait = least * Math.Pow(2, Math.Min(failures, 30) - 1);
        return wait < most ? wait : most;
    }
}
