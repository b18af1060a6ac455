using System.Buffers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using OrderService.Api.Http;
using OrderService.Api.Orders;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace OrderService.Api.Operations;

/// <summary>Which orders. All as text, so that whatever is wrong with a parameter is told by its name.</summary>
internal sealed record ExportOrdersQuery
{
    /// <summary>Only orders of this status.</summary>
    [FromQuery(Name = "status")]
    public string? Status { get; init; }

    /// <summary>Only orders placed at this instant or later: an ISO 8601 date or date-time, UTC unless it has an offset.</summary>
    [FromQuery(Name = "from")]
    public string? From { get; init; }

    /// <summary>Only orders placed before this instant: an ISO 8601 date or date-time, UTC unless it has an offset.</summary>
    [FromQuery(Name = "to")]
    public string? To { get; init; }
}

/// <summary>
/// GET /api/operations/export, a line of JSON for each order, in the order of their ids. Page by page, as fast as the client reads: a few
/// hundred orders are in memory, and no connection is held between two pages.
/// </summary>
internal static class ExportOrders
{
    private static readonly ConcurrencyLimiter OneAtATime = new(new() { PermitLimit = 1, QueueLimit = 0 });

    public static Results<PushStreamHttpResult, ProblemHttpResult> Handle(
        [AsParameters] ExportOrdersQuery query,
        OrderRecordReader orders,
        IOptions<JsonOptions> json,
        HttpContext http,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var filter = new OrderRecordFilter(
            ListOrders.Status(query.Status, errors), ListOrders.Instant("from", query.From, errors), ListOrders.Instant("to", query.To, errors));
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var place = OneAtATime.AttemptAcquire();
        http.Response.RegisterForDispose(place);
        if (!place.IsAcquired)
        {
            return Problems.Busy(http.Response, "export-in-progress", "This replica exports already. Try again when that is done.");
        }

        var type = (JsonTypeInfo<OrderRecord>)json.Value.SerializerOptions.GetTypeInfo(typeof(OrderRecord));
        return TypedResults.Stream(body => WriteAsync(body, orders, filter, type, cancellationToken), OrderRecord.MediaType);
    }

    private static async Task WriteAsync(
        Stream body, OrderRecordReader orders, OrderRecordFilter filter, JsonTypeInfo<OrderRecord> type, CancellationToken cancellationToken)
    {
        var lines = new ArrayBufferWriter<byte>();
        await using var writer = new Utf8JsonWriter(lines);
        var (ids, last) = await orders.NextAsync(Guid.Empty, filter, cancellationToken);
        while (last is { } here)
        {
            foreach (var order in ids.Count > 0 ? await orders.ReadAsync(ids, cancellationToken) : [])
            {
                JsonSerializer.Serialize(writer, order, type);
                await writer.FlushAsync(cancellationToken);
                writer.Reset();
                lines.Write("\n"u8);
            }

            // Also where nothing passed the filter: whoever waits sees that it goes on, and who went away is noticed.
            await body.WriteAsync(lines.WrittenMemory, cancellationToken);
            await body.FlushAsync(cancellationToken);
            lines.ResetWrittenCount();
            (ids, last) = await orders.NextAsync(here, filter, cancellationToken);
        }
    }
}
