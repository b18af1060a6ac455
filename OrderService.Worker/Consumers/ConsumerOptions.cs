using System.ComponentModel.DataAnnotations;

namespace OrderService.Worker.Consumers;

/// <summary>Settings of the consumer, section <c>Consumer</c>.</summary>
internal sealed class ConsumerOptions
{
    public const string Section = "Consumer";

    /// <summary>Tries of an event before it is parked, the first included.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; init; } = 10;

    /// <summary>Wait after the first try; it doubles up to <see cref="MaxBackoff"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:10:00")]
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Longest wait between two tries.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "1.00:00:00")]
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long the first try of an event may take before it is put aside, so that those behind it need not wait; every further try
    /// may take that much longer.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often waiting events are looked at.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan RedeliveryInterval { get; init; } = TimeSpan.FromMilliseconds(500);
}
