using Microsoft.AspNetCore.Http.HttpResults;
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

/// <summary>GET /api/operations/outbox. The same that the worker measures.</summary>
internal static class GetOutbox
{
    public static async Task<Ok<OutboxResponse>> HandleAsync(OrdersDbContext database, TimeProvider time, CancellationToken cancellationToken)
    {
        var outbox = await OutboxBacklog.ReadAsync(database, cancellationToken);
        var channels = outbox
            .Select(channel => new OutboxChannelResponse(
                UpperCase.NameOf(channel.Channel), channel.Depth, channel.Parked, Math.Round(channel.LagAt(time.Now()).TotalSeconds, 3)))
            .ToList();
        return TypedResults.Ok(new OutboxResponse(
            channels.Sum(channel => channel.Depth),
            channels.Sum(channel => channel.Parked),
            channels.Max(channel => channel.LagSeconds),
            Backlog.CountedTo,
            channels));
    }
}
