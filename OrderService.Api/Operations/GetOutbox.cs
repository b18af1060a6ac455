using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>What waits in the outbox.</summary>
/// <param name="Depth">Rows, all channels together.</param>
/// <param name="Parked">Rows that were refused and wait for a person.</param>
/// <param name="LagSeconds">The longest lag of a channel.</param>
/// <param name="CountedTo">Each channel's rows are counted up to this many; a count that reaches it stands for that many or more.</param>
/// <param name="Channels">Each channel.</param>
internal sealed record OutboxResponse(int Depth, int Parked, double LagSeconds, int CountedTo, IReadOnlyList<OutboxChannelResponse> Channels);

/// <summary>What waits for one destination.</summary>
/// <param name="Channel"><c>EVENTS</c> go to Kafka, <c>RESERVATIONS</c> to the Product service.</param>
/// <param name="Depth">Rows.</param>
/// <param name="Parked">Rows that were refused and wait for a person.</param>
/// <param name="LagSeconds">Age of the oldest row that is neither parked nor of an order with a parked one; 0 where there is none.</param>
internal sealed record OutboxChannelResponse(string Channel, int Depth, int Parked, double LagSeconds);

/// <summary>GET /api/operations/outbox. Costs a relay's own look and two counts that end early, however long the table is.</summary>
internal static class GetOutbox
{
    private const int CountedTo = 10_000;

    public static async Task<Ok<OutboxResponse>> HandleAsync(OrdersDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var channels = new List<OutboxChannelResponse>();
        foreach (var channel in Enum.GetValues<OutboxChannel>())
        {
            var rows = database.Outbox.Where(row => row.Channel == channel);
            var depth = await rows.OrderBy(row => row.Position).Take(CountedTo).CountAsync(cancellationToken);
            var parked = await rows.Where(row => row.ParkedAt != null).OrderBy(row => row.OrderId).Take(CountedTo).CountAsync(cancellationToken);
            var oldest = await rows
                .Where(row => !database.Outbox.Any(p => p.ParkedAt != null && p.OrderId == row.OrderId && p.Channel == row.Channel))
                .OrderBy(row => row.Position)
                .Select(row => (DateTimeOffset?)row.OccurredAt)
                .FirstOrDefaultAsync(cancellationToken);
            var lag = oldest is { } since ? Math.Max(0, Math.Round((time.Now() - since).TotalSeconds, 3)) : 0;
            channels.Add(new(DeadLetters.NameOf(channel), depth, parked, lag));
        }

        return TypedResults.Ok(new OutboxResponse(
            channels.Sum(channel => channel.Depth), channels.Sum(channel => channel.Parked), channels.Max(channel => channel.LagSeconds), CountedTo, channels));
    }
}
