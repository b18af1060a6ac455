using System.ComponentModel.DataAnnotations;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Outbox;

/// <summary>Settings of the outbox relays, section <c>Relay</c>.</summary>
internal sealed class RelayOptions
{
    public const string Section = "Relay";

    /// <summary>Rows read at once. Up to twice as many are on their way.</summary>
    [Range(1, 10_000)]
    public int BatchSize { get; init; } = 2_000;

    /// <summary>How long a relay waits to be woken before it looks by itself.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often replicas share the shards out anew.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:05:00")]
    public TimeSpan BalanceInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long PostgreSQL waits for a sign of life before it gives the shards to other replicas. A running relay gives one every
    /// <see cref="OrdersDatabase.SignOfLife"/>.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Wait after a first failure; it doubles up to <see cref="MaxBackoff"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "00:01:00")]
    public TimeSpan MinBackoff { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>Longest wait between two tries.</summary>
    [Range(typeof(TimeSpan), "00:00:00.010", "01:00:00")]
    public TimeSpan MaxBackoff { get; init; } = TimeSpan.FromSeconds(15);
}
