using System.Collections.Concurrent;
using System.Text;

namespace OrderService.Tests.Chaos;

/// <summary>Which reservations were asked for, on which link and when: nobody else can tell those that never became orders.</summary>
internal sealed class ReservationLog : IWatcher
{
    private static readonly byte[] Put = Encoding.ASCII.GetBytes("PUT /api/reservations/");

    public ConcurrentDictionary<Guid, (Link Link, DateTimeOffset At)> Seen { get; } = new();

    public ValueTask<bool> MayPassAsync(Link link, long connection, bool isAnswer, ReadOnlyMemory<byte> bytes)
    {
        if (!isAnswer && bytes.Span.StartsWith(Put) && Guid.TryParse(Encoding.ASCII.GetString(bytes.Span.Slice(Put.Length, 36)), out var id))
        {
            Seen.TryAdd(id, (link, DateTimeOffset.UtcNow));
        }

        return ValueTask.FromResult(true);
    }

    public void End(Link link, long connection)
    {
    }
}
