using System.Collections.Concurrent;

namespace OrderService.Worker;

/// <summary>
/// Who has failed lately and when each may try again: waits that double from a least to a most, by a clock that nobody can set.
/// </summary>
internal sealed class Backoff<TKey>(TimeSpan least, TimeSpan most, TimeProvider time)
    where TKey : notnull
{
    private readonly ConcurrentDictionary<TKey, (int Failures, TimeSpan Until)> _failing = new();

    private TimeSpan Now => time.GetElapsedTime(0);

    /// <summary>Notes one more failure and returns the wait until the next try.</summary>
    public TimeSpan Fail(TKey key)
    {
        var failures = _failing.TryGetValue(key, out var before) ? before.Failures + 1 : 1;
        var wait = After(failures, least, most);
        _failing[key] = (failures, Now + wait);
        return wait;
    }

    /// <summary>Forgets past failures.</summary>
    public void Forget(TKey key) => _failing.TryRemove(key, out _);

    /// <summary>Forgets all but those that <paramref name="waiting"/> told: called when a look found nothing of the others.</summary>
    public void ForgetAllBut(TKey[] waiting)
    {
        foreach (var key in _failing.Keys.Except(waiting))
        {
            Forget(key);
        }
    }

    /// <summary>Who has to wait still.</summary>
    public TKey[] Waiting()
    {
        var now = Now;
        return [.. _failing.Where(entry => entry.Value.Until > now).Select(entry => entry.Key)];
    }

    /// <summary>
    /// The time until the first wait ends, at most <paramref name="longest"/>. In whole milliseconds and never none, since Npgsql cuts
    /// fractions off and takes 0 for 'for ever'.
    /// </summary>
    public TimeSpan NextWait(TimeSpan longest)
    {
        var now = Now;
        var next = _failing.Values.Select(entry => entry.Until - now).Where(wait => wait > TimeSpan.Zero).Append(longest).Min();
        return TimeSpan.FromMilliseconds(Math.Ceiling(next.TotalMilliseconds));
    }

    /// <summary>The wait after so many failures.</summary>
    public static TimeSpan After(int failures, TimeSpan least, TimeSpan most)
    {
        var wait = least * Math.Pow(2, Math.Min(failures, 30) - 1);
        return wait < most ? wait : most;
    }
}
