using System.Globalization;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using OrderService.Api.Http;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace OrderService.Api.Orders;

/// <summary>
/// GET /api/orders/{id}/events, server-sent events (html.spec.whatwg.org, section 9.2): the history so far, then each transition as it
/// happens, until the order is at its end. While it waits, a stream has no database connection and no scope of its own.
/// </summary>
internal static class TrackOrder
{
    /// <summary>A line for proxies and clients that take silence for a broken connection.</summary>
    private static readonly byte[] Heartbeat = ":\n\n"u8.ToArray();

    public static async Task<Results<PushStreamHttpResult, NoContent, ProblemHttpResult>> HandleAsync(
        OrderId id,
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId,
        ClaimsPrincipal user,
        OrderTracker tracker,
        IServiceScopeFactory scopes,
        IOptions<JsonOptions> json,
        HttpContext http,
        CancellationToken cancellationToken)
    {
        // First listen, then read, so that nothing happens in between; what comes both ways is told by its sequence.
        var listener = tracker.Listen(id.Value);
        http.Response.RegisterForDispose(listener);
        List<OrderTransition> history;
        await using (var scope = scopes.CreateAsyncScope())
        {
            history = await GetOrderHistory.ReadAsync(
                scope.ServiceProvider.GetRequiredService<OrdersDbContext>(), id.Value, user.Id, cancellationToken);
        }

        if (history is not [.., var last])
        {
            return OrderResponse.NotFound();
        }

        // What can't be the id of an event of this order says nothing about what the client has seen.
        var seen = int.TryParse(lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) && sequence <= last.Sequence
            ? sequence
            : 0;
        if (seen == last.Sequence && OrderTransitions.IsFinal(last.To))
        {
            // A client that gets this does not connect again.
            return TypedResults.NoContent();
        }

        tracker.Skip(listener, last.Sequence);
        history.RemoveAll(transition => transition.Sequence <= seen);
        http.Response.Headers["X-Accel-Buffering"] = "no";
        var type = (JsonTypeInfo<OrderTransition>)json.Value.SerializerOptions.GetTypeInfo(typeof(OrderTransition));
        return TypedResults.Stream(
            body => WriteAsync(body, history, last, listener, type, cancellationToken), "text/event-stream");
    }

    /// <summary>TypedResults.ServerSentEvents would do, but that it writes no comments, and so no heartbeats.</summary>
    private static async Task WriteAsync(
        Stream body,
        List<OrderTransition> history,
        OrderTransition last,
        OrderListener listener,
        JsonTypeInfo<OrderTransition> type,
        CancellationToken cancellationToken)
    {
        await body.WriteAsync(Encoding.UTF8.GetBytes(string.Concat(history.Select(Write))), cancellationToken);
        await body.FlushAsync(cancellationToken);
        history.Clear();
        while (!OrderTransitions.IsFinal(last.To) && await listener.News.WaitToReadAsync(cancellationToken))
        {
            while (listener.News.TryRead(out var news))
            {
                if (news is null)
                {
                    await body.WriteAsync(Heartbeat, cancellationToken);
                }
                else if (news.Sequence > last.Sequence)
                {
                    last = news;
                    await body.WriteAsync(Encoding.UTF8.GetBytes(Write(news)), cancellationToken);
                }
            }

            await body.FlushAsync(cancellationToken);
        }

        string Write(OrderTransition transition) =>
            string.Create(CultureInfo.InvariantCulture, $"id: {transition.Sequence}\ndata: {JsonSerializer.Serialize(transition, type)}\n\n");
    }
}
