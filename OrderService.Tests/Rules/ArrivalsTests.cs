using OrderService.Worker.Outbox;

namespace OrderService.Tests.Rules;

public sealed class ArrivalsTests
{
    [Fact]
    public void Who_waits_for_some_is_told_by_the_last_of_them()
    {
        var arrivals = new Arrivals<int>();
        arrivals.Add(1);
        var two = arrivals.WaitForAsync(3);

        arrivals.Add(2);
        Assert.False(two.IsCompleted);

        arrivals.Add(3);
        Assert.True(two.IsCompletedSuccessfully);
        Assert.Equal([1, 2, 3], arrivals.Take());
        Assert.Empty(arrivals.Take());
    }

    [Fact]
    public void Who_waits_for_what_is_there_does_not_wait()
    {
        var arrivals = new Arrivals<int>();
        Assert.True(arrivals.WaitForAsync(0).IsCompleted);

        arrivals.Add(1);
        Assert.True(arrivals.WaitForAsync(1).IsCompleted);
    }

    [Fact]
    public void What_was_taken_is_not_counted_again()
    {
        var arrivals = new Arrivals<int>();
        arrivals.Add(1);
        arrivals.Take();

        Assert.False(arrivals.WaitForAsync(1).IsCompleted);
    }

    [Fact]
    public async Task None_is_lost_that_arrives_while_somebody_takes()
    {
        const int All = 200_000;
        var arrivals = new Arrivals<int>();
        var putting = Task.WhenAll(Enumerable.Range(0, 2).Select(half => Task.Run(() =>
        {
            for (var i = half; i < All; i += 2)
            {
                arrivals.Add(i);
            }
        })));

        var taken = new HashSet<int>();
        while (taken.Count < All)
        {
            await arrivals.WaitForAsync(Math.Min(500, All - taken.Count)).WaitAsync(TimeSpan.FromMinutes(1));
            taken.UnionWith(arrivals.Take());
        }

        await putting;
    }
}
