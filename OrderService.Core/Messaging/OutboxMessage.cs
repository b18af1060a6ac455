using System.Diagnostics;

namespace OrderService.Core.Messaging;

/// <summary>Where a row of the outbox goes.</summary>
public enum OutboxChannel
{
    /// <summary>To Kafka.</summary>
    Events,

    /// <summary>To the Product service.</summary>
    Reservations,
}

/// <summary>A message that a committed order owes to others; the relay sends it and takes the row away.</summary>
public sealed class OutboxMessage
{
    /// <summary>
    /// Number of shards. An order's rows share one, and one relay at a time owns a shard, so replicas never send one order's messages
    /// past each other.
    /// </summary>
    public const int Shards = 32;

    /// <summary>
    /// Order of insertion. Ascending within an order, since two changes of one order can't both commit; across orders rows may
    /// become visible out of order, so it never serves as 'last seen'.
    /// </summary>
    public long Position { get; private init; }

    /// <summary>UUIDv7; the event's id, by which consumers tell a repeat.</summary>
    public Guid Id { get; private init; }

    /// <summary>The order, the key of the message.</summary>
    public Guid OrderId { get; private init; }

    /// <summary>0 to <see cref="Shards"/> − 1, from the order's id.</summary>
    public short Shard { get; private init; }

    /// <summary>Where it goes.</summary>
    public OutboxChannel Channel { get; private init; }

    /// <summary>1, 2, 3… per order; 0 for commands.</summary>
    public int Sequence { get; private init; }

    /// <summary>The stable name from <see cref="EventCatalog"/>.</summary>
    public string Type { get; private init; } = "";

    /// <summary>The JSON body.</summary>
    public string Payload { get; private init; } = "";

    /// <summary>W3C trace context of the request that caused it.</summary>
    public string? TraceParent { get; private init; }

    /// <summary>W3C trace state of the request that caused it.</summary>
    public string? TraceState { get; private init; }

    /// <summary>When it happened, UTC.</summary>
    public DateTimeOffset OccurredAt { get; private init; }

    /// <summary>
    /// When the other side refused it for good, UTC. It stays in its place, and what the order owes after it waits behind it, until
    /// a person has it sent again.
    /// </summary>
    public DateTimeOffset? ParkedAt { get; private init; }

    /// <summary>Why it is parked.</summary>
    public string? Error { get; private init; }

    /// <summary>The row for an event or a command of an order.</summary>
    public static OutboxMessage For(Guid orderId, object message, int sequence, DateTimeOffset at)
    {
        var (name, channel, payload) = EventCatalog.Serialize(message);
        return new OutboxMessage
        {
            Id = Guid.CreateVersion7(at),
            OrderId = orderId,
            Shard = ShardOf(orderId),
            Channel = channel,
            Sequence = sequence,
            Type = name,
            Payload = payload,
            TraceParent = Activity.Current?.Id,
            TraceState = Activity.Current?.TraceStateString,
            OccurredAt = at,
        };
    }

    /// <summary>The shard of an order: the last byte of its id, which is random in a UUIDv7.</summary>
    public static short ShardOf(Guid orderId)
    {
        Span<byte> bytes = stackalloc byte[16];
        orderId.TryWriteBytes(bytes);
        return (short)(bytes[15] % Shards);
    }
}
