using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using OrderService.Core.Orders;

namespace OrderService.Core.Messaging;

/// <summary>
/// The stable names of every message: a line per type. A name, once published, never changes; a new shape gets a new version.
/// </summary>
public static class EventCatalog
{
    private static readonly Dictionary<Type, MessageType> ByType = new()
    {
        [typeof(OrderPlaced)] = Event("io.cloudforge.order.placed.v1", EventJson.Default.OrderPlaced),
        [typeof(OrderConfirmed)] = Event("io.cloudforge.order.confirmed.v1", EventJson.Default.OrderConfirmed),
        [typeof(OrderProcessing)] = Event("io.cloudforge.order.processing.v1", EventJson.Default.OrderProcessing),
        [typeof(OrderShipped)] = Event("io.cloudforge.order.shipped.v1", EventJson.Default.OrderShipped),
        [typeof(OrderDelivered)] = Event("io.cloudforge.order.delivered.v1", EventJson.Default.OrderDelivered),
        [typeof(OrderCancelled)] = Event("io.cloudforge.order.cancelled.v1", EventJson.Default.OrderCancelled),
        [typeof(OrderItemsCancelled)] = Event("io.cloudforge.order.items-cancelled.v1", EventJson.Default.OrderItemsCancelled),
        [typeof(OrderRefundRequired)] = Event("io.cloudforge.order.refund-required.v1", EventJson.Default.OrderRefundRequired),

        [typeof(CommitReservation)] = Command("reservation.commit", EventJson.Default.CommitReservation),
        [typeof(ReduceReservation)] = Command("reservation.reduce", EventJson.Default.ReduceReservation),
        [typeof(ReleaseReservation)] = Command("reservation.release", EventJson.Default.ReleaseReservation),

        [typeof(PaymentSucceeded)] = Accepted("io.cloudforge.payment.succeeded.v1", EventJson.Default.PaymentSucceeded),
        [typeof(PaymentFailed)] = Accepted("io.cloudforge.payment.failed.v1", EventJson.Default.PaymentFailed),
        [typeof(FulfilmentPicked)] = Accepted("io.cloudforge.fulfilment.picked.v1", EventJson.Default.FulfilmentPicked),
        [typeof(FulfilmentPickedUp)] = Accepted("io.cloudforge.fulfilment.picked-up.v1", EventJson.Default.FulfilmentPickedUp),
        [typeof(FulfilmentDelivered)] = Accepted("io.cloudforge.fulfilment.delivered.v1", EventJson.Default.FulfilmentDelivered),
    };

    private static readonly Dictionary<string, JsonTypeInfo> AcceptedByName = ByType.Values
        .Where(type => type.Direction == Direction.In)
        .ToDictionary(type => type.Name, type => type.Json, StringComparer.Ordinal);

    /// <summary>Every name that may stand in the outbox, with where it goes.</summary>
    public static IEnumerable<(string Name, OutboxChannel Channel)> Published =>
        ByType.Values.Where(type => type.Direction == Direction.Out).Select(type => (type.Name, type.Channel));

    /// <summary>The names of what we accept from others.</summary>
    public static IEnumerable<string> AcceptedNames => AcceptedByName.Keys;

    /// <summary>The name, the channel and the JSON of a message to send.</summary>
    /// <exception cref="InvalidOperationException">The type is not in the catalog.</exception>
    public static (string Name, OutboxChannel Channel, string Payload) Serialize(object message)
    {
        var type = ByType.TryGetValue(message.GetType(), out var known) && known.Direction == Direction.Out
            ? known
            : throw new InvalidOperationException($"{message.GetType().Name} has no line in {nameof(EventCatalog)}.");
        return (type.Name, type.Channel, JsonSerializer.Serialize(message, type.Json));
    }

    /// <summary>The stable name of a message type.</summary>
    public static string NameOf<T>() => ByType[typeof(T)].Name;

    /// <summary>The part of an order event's name that tells it from the others: <c>placed</c> of <c>io.cloudforge.order.placed.v1</c>.</summary>
    public static string ShortNameOf(string name) => name.Split('.') is [.., var last, _] ? last : name;

    /// <summary>Reads an event of another service.</summary>
    /// <exception cref="UnreadableEventException">The type is unknown, the body isn't its JSON, or it names no order.</exception>
    public static ExternalEvent Read(string? typeName, ReadOnlySpan<byte> body)
    {
        if (typeName is null || !AcceptedByName.TryGetValue(typeName, out var json))
        {
            throw new UnreadableEventException(
                $"The event type '{typeName}' is not one of {string.Join(", ", AcceptedByName.Keys)}.");
        }

        ExternalEvent? read;
        try
        {
            read = (ExternalEvent?)JsonSerializer.Deserialize(body, json);
        }
        catch (JsonException e)
        {
            throw new UnreadableEventException($"The body is not the JSON of {typeName}: {e.Message}", e);
        }

        if (read is null || read.OrderId == Guid.Empty)
        {
            throw new UnreadableEventException($"The body of {typeName} names no order.");
        }

        return read is PaymentSucceeded paid && !Money.IsAmount(paid.Amount, paid.Currency)
            ? throw new UnreadableEventException(
                $"The body of {typeName} has an amount below 0 or of more than two decimals, or a currency that is no ISO 4217 code.")
            : read;
    }

    /// <summary>
    /// Checks that every message type of this assembly has a line, so that a missing one stops the start and not the first order.
    /// </summary>
    /// <exception cref="InvalidOperationException">Types without a line; the message names them.</exception>
    public static void Verify()
    {
        var missing = typeof(EventCatalog).Assembly.GetTypes()
            .Where(type => !type.IsAbstract
                && (type.IsAssignableTo(typeof(OrderEvent))
                    || type.IsAssignableTo(typeof(ReservationCommand))
                    || type.IsAssignableTo(typeof(ExternalEvent))))
            .Where(type => !ByType.ContainsKey(type))
            .Select(type => type.Name)
            .ToList();
        if (missing.Count > 0)
        {
            throw new InvalidOperationException($"{nameof(EventCatalog)} lacks a line for: {string.Join(", ", missing)}.");
        }
    }

    private static MessageType Event(string name, JsonTypeInfo json) => new(name, Direction.Out, OutboxChannel.Events, json);

    private static MessageType Command(string name, JsonTypeInfo json) => new(name, Direction.Out, OutboxChannel.Reservations, json);

    private static MessageType Accepted(string name, JsonTypeInfo json) => new(name, Direction.In, default, json);

    private enum Direction
    {
        Out,
        In,
    }

    private sealed record MessageType(string Name, Direction Direction, OutboxChannel Channel, JsonTypeInfo Json);
}

/// <summary>A message that can't be read, now or at any repeat.</summary>
public sealed class UnreadableEventException(string message, Exception? inner = null) : Exception(message, inner);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Web,
    Converters = [typeof(OrderStatusJsonConverter), typeof(UtcJsonConverter)],
    RespectRequiredConstructorParameters = true,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(OrderConfirmed))]
[JsonSerializable(typeof(OrderProcessing))]
[JsonSerializable(typeof(OrderShipped))]
[JsonSerializable(typeof(OrderDelivered))]
[JsonSerializable(typeof(OrderCancelled))]
[JsonSerializable(typeof(OrderItemsCancelled))]
[JsonSerializable(typeof(OrderRefundRequired))]
[JsonSerializable(typeof(CommitReservation))]
[JsonSerializable(typeof(ReduceReservation))]
[JsonSerializable(typeof(ReleaseReservation))]
[JsonSerializable(typeof(PaymentSucceeded))]
[JsonSerializable(typeof(PaymentFailed))]
[JsonSerializable(typeof(FulfilmentPicked))]
[JsonSerializable(typeof(FulfilmentPickedUp))]
[JsonSerializable(typeof(FulfilmentDelivered))]
internal sealed partial class EventJson : JsonSerializerContext;

/// <summary>Writes <see cref="OrderStatus"/> in upper case.</summary>
public sealed class OrderStatusJsonConverter() : JsonStringEnumConverter<OrderStatus>(JsonNamingPolicy.SnakeCaseUpper, allowIntegerValues: false);
