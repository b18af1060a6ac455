using OrderService.Worker;

namespace OrderService.Tests.Rules;

/// <summary>Waits between tries.</summary>
public sealed class BackoffTests
{
    private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(1);

    private readonly Clock _clock = new();

    [Fact]
    public void Waits_double_up_to_the_longest()
    {
        var backoff = NewBackoff();

        Assert.Equal([0.2, 0.4, 0.8, 1, 1], Enumerable.Range(0, 5).Select(_ => backoff.Fail("a").TotalSeconds));
    }

    [Fact]
    public void Who_failed_waits_whatever_happens_to_the_time_of_day()
    {
        var backoff = NewBackoff();
        backoff.Fail("a");

        _clock.TimeOfDay -= TimeSpan.FromHours(1);
        Assert.Equal(["a"], backoff.Waiting());
        _clock.Elapsed += Least;
        Assert.Empty(backoff.Waiting());
    }

    [Fact]
    public void The_rest_of_a_wait_is_never_so_short_that_npgsql_takes_it_for_endless()
    {
        var backoff = NewBackoff();
        backoff.Fail("a");

        _clock.Elapsed += Least - TimeSpan.FromMicroseconds(1);

        Assert.Equal(TimeSpan.FromMilliseconds(1), backoff.NextWait(Most));
    }

    [Fact]
    public void Those_of_whom_nothing_was_found_are_forgotten_and_those_who_wait_are_not()
    {
        var backoff = NewBackoff();
        backoff.Fail("gone");
        _clock.Elapsed += Least;
        backoff.Fail("waiting");

        backoff.ForgetAllBut(backoff.Waiting());

        Assert.Equal(Least, backoff.Fail("gone"));
        Assert.Equal(2 * Least, backoff.Fail("waiting"));
    }

    private Backoff<string> NewBackoff() => new(Least, Most, _clock);

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Elapsed { get; set; } = TimeSpan.FromDays(1);

        public DateTimeOffset TimeOfDay { get; set; } = DateTimeOffset.UnixEpoch;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Elapsed.Ticks;

        public override DateTimeOffset GetUtcNow() => TimeOfDay;
    }
}
