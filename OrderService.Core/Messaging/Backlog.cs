using Microsoft.EntityFrameworkCore;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Core.Messaging;

/// <summary>What waits in one channel of the outbox.</summary>
/// <param name="Channel">Where it goes.</param>
/// <param name="Depth">Rows, parked ones included, counted up to <see cref="Backlog.CountedTo"/>.</param>
/// <param name="Parked">Rows that were refused and wait for a person, counted likewise.</param>
/// <param name="Oldest">When the oldest row happened that is neither parked nor of an order with a parked one; <c>null</c> where there is none.</param>
public sealed record OutboxBacklog(OutboxChannel Channel, int Depth, int Parked, DateTimeOffset? Oldest)
{
    /// <summary>How long the oldest row has been waiting.</summary>
    public TimeSpan LagAt(DateTimeOffset now) => Backlog.AgeAt(now, Oldest);

    /// <summary>
    /// Looks at the outbox. For each channel it costs a relay's own look and two counts that end early, however long the table is.
    /// </summary>
    public static async Task<IReadOnlyList<OutboxBacklog>> ReadAsync(OrdersDbContext database, CancellationToken cancellationToken)
    {
        var channels = new List<OutboxBacklog>();
        foreach (var channel in Enum.GetValues<OutboxChannel>())
        {
            var rows = database.Outbox.Where(row => row.Channel == channel);
            var depth = await rows.OrderBy(row => row.Position).Take(Backlog.CountedTo).CountAsync(cancellationToken);
            var parked = await rows.Where(row => row.ParkedAt != null).OrderBy(row => row.OrderId).Take(Backlog.CountedTo).CountAsync(cancellationToken);
            var oldest = await rows
                .Where(row => !database.Outbox.Any(p => p.ParkedAt != null && p.OrderId == row.OrderId && p.Channel == row.Channel))
                .OrderBy(row => row.Position)
                .Select(row => (DateTimeOffset?)row.OccurredAt)
                .FirstOrDefaultAsync(cancellationToken);
            channels.Add(new(channel, depth, parked, oldest));
        }

        return channels;
    }
}

/// <summary>What waits in the database, for others or for a person.</summary>
/// <param name="Outbox">Each channel of the outbox.</param>
/// <param name="InboxWaiting">Events of other services that are tried again by themselves.</param>
/// <param name="InboxParked">Events of other services that wait for a person.</param>
/// <param name="Pending">Orders that wait for their payment; each holds a reservation.</param>
/// <param name="OldestPending">When the oldest of them was placed.</param>
public sealed record Backlog(
    IReadOnlyList<OutboxBacklog> Outbox, int InboxWaiting, int InboxParked, int Pending, DateTimeOffset? OldestPending)
{
    /// <summary>Each kind is counted up to this many; a count that reaches it stands for that many or more.</summary>
    public const int CountedTo = 10_000;

    /// <summary>How long the oldest unpaid order has been waiting.</summary>
    public TimeSpan PendingAgeAt(DateTimeOffset now) => AgeAt(now, OldestPending);

    /// <summary>Looks at everything, each time by an index and not far.</summary>
    public static async Task<Backlog> ReadAsync(OrdersDbContext database, CancellationToken cancellationToken)
    {
        var pending = database.Orders.Where(order => order.Status == OrderStatus.Pending).OrderBy(order => order.CreatedAt);
        return new(
            await OutboxBacklog.ReadAsync(database, cancellationToken),
            await database.Parked.Where(message => message.NextAttemptAt != null).OrderBy(message => message.NextAttemptAt)
                .Take(CountedTo).CountAsync(cancellationToken),
            await database.Parked.Where(message => message.NextAttemptAt == null).OrderBy(message => message.FailedAt)
                .Take(CountedTo).CountAsync(cancellationToken),
            await pending.Take(CountedTo).CountAsync(cancellationToken),
            await pending.Select(order => (DateTimeOffset?)order.CreatedAt).FirstOrDefaultAsync(cancellationToken));
    }

    internal static TimeSpan AgeAt(DateTimeOffset now, DateTimeOffset? oldest) => oldest is { } since && since < now ? now - since : TimeSpan.Zero;
}
