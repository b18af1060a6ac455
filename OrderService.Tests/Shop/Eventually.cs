using System.Diagnostics;

namespace OrderService.Tests.Shop;

/// <summary>Waiting for what happens by itself: looks again and again until a deadline that is generous, since the machine may be busy.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks until <paramref name="isGood"/> and returns what was seen; fails with the last sight after the deadline.</summary>
    public static async Task<T> SeeAsync<T>(Func<Task<T>> look, Func<T, bool> isGood, string what)
    {
        var started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(Interval);
        while (true)
        {
            var seen = await look();
            if (isGood(seen))
            {
                return seen;
            }

            if (Stopwatch.GetElapsedTime(started) > Deadline)
            {
                Assert.Fail($"Not within {Deadline.TotalSeconds} s: {what}. Last seen: {seen}");
            }

            await timer.WaitForNextTickAsync();
        }
    }

    /// <inheritdoc cref="SeeAsync{T}(Func{Task{T}}, Func{T, bool}, string)"/>
    public static Task<T> SeeAsync<T>(Func<T> look, Func<T, bool> isGood, string what) =>
        SeeAsync(() => Task.FromResult(look()), isGood, what);
}
