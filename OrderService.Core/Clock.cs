namespace OrderService.Core;

/// <summary>Time as the database keeps it.</summary>
public static class Clock
{
    /// <summary>Now in UTC, cut to PostgreSQL's microseconds, so that an answer from memory equals one from the database.</summary>
    public static DateTimeOffset Now(this TimeProvider time)
    {
        var now = time.GetUtcNow();
        return new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }
}
