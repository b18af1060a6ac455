using System.Globalization;
using System.Text;
using System.Text.Json;
using Confluent.Kafka;

namespace PaymentSimulator;

/// <summary>An event of <c>cloudforge.orders</c>: the part of it that the simulator acts on.</summary>
/// <param name="Id">The event's <c>ce_id</c>: the same for every delivery of the event.</param>
/// <param name="Type">Its <c>ce_type</c>.</param>
/// <param name="Time">Its <c>ce_time</c>.</param>
/// <param name="OrderId">The order.</param>
/// <param name="Total">What the order costs; in <c>order.placed</c> only.</param>
/// <param name="TraceParent">The W3C trace context that the order's request left in the event.</param>
internal sealed record OrderEvent(string Id, string Type, DateTimeOffset Time, Guid OrderId, Money? Total, string? TraceParent)
{
    /// <summary>The topic.</summary>
    public const string Topic = "cloudforge.orders";

    /// <summary>The order was placed and waits for its payment.</summary>
    public const string Placed = "io.cloudforge.order.placed.v1";

    /// <summary>The order was paid.</summary>
    public const string Confirmed = "io.cloudforge.order.confirmed.v1";

    /// <summary>The order was picked in the warehouse.</summary>
    public const string Processing = "io.cloudforge.order.processing.v1";

    /// <summary>The carrier has the order.</summary>
    public const string Shipped = "io.cloudforge.order.shipped.v1";

    /// <summary>Reads a CloudEvents message in binary mode.</summary>
    /// <exception cref="FormatException">A header or the body is missing or not what the contract says.</exception>
    public static OrderEvent Parse(Message<string, byte[]> message)
    {
        var id = Required(message, "ce_id");
        var type = Required(message, "ce_type");
        if (!DateTimeOffset.TryParse(Required(message, "ce_time"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            || time < DateTimeOffset.UnixEpoch)
        {
            throw new FormatException("The header ce_time is not a time since 1970.");
        }

        var body = ReadBody(message.Value);
        if (body.OrderId is not { } orderId)
        {
            throw new FormatException("The body has no orderId.");
        }

        var total = body is { TotalAmount: { } amount, Currency: { } currency } ? new Money(amount, currency) : null;
        return type == Placed && total is null
            ? throw new FormatException("The body has no totalAmount or no currency.")
            : new(id, type, time, orderId, total, Header(message, "traceparent"));
    }

    private static Body ReadBody(byte[]? json)
    {
        try
        {
            return JsonSerializer.Deserialize<Body>(json ?? [], JsonSerializerOptions.Web) ?? throw new FormatException("The body is null.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"The body is not what the event's type says: {exception.Message}", exception);
        }
    }

    private static string Required(Message<string, byte[]> message, string name) =>
        Header(message, name) is { Length: > 0 } value ? value : throw new FormatException($"The header {name} is missing.");

    private static string? Header(Message<string, byte[]> message, string name) =>
        message.Headers.TryGetLastBytes(name, out var bytes) && bytes is not null ? Encoding.UTF8.GetString(bytes) : null;

    private sealed record Body(Guid? OrderId, decimal? TotalAmount, string? Currency);
}
