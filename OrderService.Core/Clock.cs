namespace OrderService.Core;

/// <summary>Time as the database keeps it.</summary>
public static class Clock
{
    /// <summary>Now in UTC, cut to PostgreSQL's microseconds, so that an answer from memory equals one from the database.</summary>
    public static DateTimeOffset Now(this TimeProvider time) => time.GetUtcNow().ToMicroseconds();

    /// <summary>An instant in UTC, cut to PostgreSQL's microseconds.</summary>
    public static DateTimeOffset ToMicroseconds(this DateTimeOffset instant) =>
        new(instant.UtcTicks - (instant.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
}
