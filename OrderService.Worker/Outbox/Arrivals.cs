namespace OrderService.Worker.Outbox;

/// <summary>
/// What came back, put in by any thread and taken by one, which waits for a number of them: it is woken once, and not by each.
/// </summary>
internal sealed class Arrivals<T>
{
    private readonly Lock _guard = new();
    private List<T> _arrived = [];
    private int _awaited;
    private TaskCompletionSource? _enough;

    public void Add(T item)
    {
        TaskCompletionSource? enough = null;
        lock (_guard)
        {
            _arrived.Add(item);
            if (_arrived.Count >= _awaited)
            {
                (enough, _enough) = (_enough, null);
            }
        }

        enough?.SetResult();
    }

    /// <summary>Takes all that arrived.</summary>
    public List<T> Take()
    {
        lock (_guard)
        {
            (var arrived, _arrived) = (_arrived, []);
            return arrived;
        }
    }

    /// <summary>Completes when so many have arrived that were not taken yet. Replaces what was waited for before.</summary>
    public Task WaitForAsync(int count)
    {
        lock (_guard)
        {
            _awaited = count;
            _enough = _arrived.Count >= count ? null : new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _enough?.Task ?? Task.CompletedTask;
        }
    }
}
