using System.Text.Json;
using System.Text.Json.Serialization;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Api.Operations;

/// <summary>An order as a line of an import or an export (docs/import.md). Unknown fields are ignored.</summary>
/// <param name="ExternalId">The id of the system that it comes from, 1 to 200 characters; of an order that was placed here its id.</param>
/// <param name="Id">The id that it has, or is to have, here; without it a new UUIDv7.</param>
/// <param name="UserId">The customer.</param>
/// <param name="Status">Where it is in its life. An import takes every one but <c>PENDING</c>.</param>
/// <param name="Currency">ISO 4217, of all amounts.</param>
/// <param name="TotalAmount">Sum of the lines' totals; an import compares it, if it is there.</param>
/// <param name="ShippingAddress">Where to send it.</param>
/// <param name="Notes">What the customer added.</param>
/// <param name="Items">The lines, one per product.</param>
/// <param name="CreatedAt">When it was placed, with an offset.</param>
/// <param name="UpdatedAt">When it last changed; without it when the last step was.</param>
/// <param name="PaidAt">When it was paid; without it, of an order that has to be paid, when it left <c>PENDING</c>.</param>
/// <param name="PaidAmount">What was paid; without it the total. What is above the total, or of a cancelled order, counts as paid back.</param>
/// <param name="History">Its steps, the oldest first; without them it was placed, and then got to where it is.</param>
internal sealed record OrderRecord(
    string? ExternalId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? Id,
    Guid? UserId,
    OrderStatus? Status,
    string? Currency,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? TotalAmount,
    string? ShippingAddress,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Notes,
    IReadOnlyList<OrderRecordItem?>? Items,
    [property: JsonConverter(typeof(InstantConverter))] DateTimeOffset? CreatedAt,
    [property: JsonConverter(typeof(InstantConverter)), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? UpdatedAt,
    [property: JsonConverter(typeof(InstantConverter)), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] DateTimeOffset? PaidAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? PaidAmount,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<OrderRecordStep?>? History)
{
    /// <summary>JSON, a line each (github.com/ndjson/ndjson-spec).</summary>
    public const string MediaType = "application/x-ndjson";
}

/// <summary>A line of such an order.</summary>
/// <param name="ProductId">The Product service's id.</param>
/// <param name="ProductName">The product's name when it was ordered.</param>
/// <param name="Quantity">Pieces.</param>
/// <param name="UnitPrice">Price of one piece.</param>
/// <param name="TotalPrice">What the line costs; an import compares it, if it is there.</param>
internal sealed record OrderRecordItem(
    string? ProductId,
    string? ProductName,
    int? Quantity,
    decimal? UnitPrice,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] decimal? TotalPrice);

/// <summary>A step of such an order.</summary>
/// <param name="Sequence">Its number, ascending; without it one more than the step before.</param>
/// <param name="From">The status before; without it where the step before led to. A new order has none.</param>
/// <param name="To">The status after.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why; <c>Imported</c> without it.</param>
/// <param name="By">By whom; <c>system</c> without it.</param>
internal sealed record OrderRecordStep(
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? Sequence,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] OrderStatus? From,
    OrderStatus? To,
    [property: JsonConverter(typeof(InstantConverter))] DateTimeOffset? At,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Reason,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? By);

/// <summary>Reads instants that say which they are: without an offset they would be another one on every machine.</summary>
internal sealed class InstantConverter : JsonConverter<DateTimeOffset?>
{
    private static readonly UtcJsonConverter Utc = new();

    /// <inheritdoc />
    public override DateTimeOffset? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String && reader.TryGetDateTime(out var read) && read.Kind == DateTimeKind.Unspecified)
        {
            throw new JsonException();
        }

        return Utc.Read(ref reader, typeof(DateTimeOffset), options);
    }

    /// <inheritdoc />
    public override void Write(Utf8JsonWriter writer, DateTimeOffset? value, JsonSerializerOptions options)
    {
        if (value is { } instant)
        {
            Utc.Write(writer, instant, options);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
