using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Which messages are meant; what is <c>null</c> leaves the choice open.</summary>
/// <param name="Direction">Which way they went.</param>
/// <param name="Type">Their type.</param>
/// <param name="OrderId">Their order.</param>
internal sealed record DeadLetterFilter(DeadLetterDirection? Direction, string? Type, Guid? OrderId)
{
    private const int TypeLength = 200;

    /// <summary>Reads the filter and notes what is wrong with it.</summary>
    public static DeadLetterFilter Read(string? direction, string? type, string? orderId, InputErrors errors)
    {
        errors.CheckText("type", type, TypeLength);
        Guid? order = Guid.TryParseExact(orderId, "D", out var id) ? id : null;
        if (orderId is not null && order is null)
        {
            errors.Add("orderId", "Is a UUID.");
        }

        return new(OneOf<DeadLetterDirection>("direction", direction, errors), type, order);
    }

    /// <summary>Reads the name of a value, in upper or lower case.</summary>
    public static TEnum? OneOf<TEnum>(string field, string? text, InputErrors errors)
        where TEnum : struct, Enum
    {
        foreach (var value in Enum.GetValues<TEnum>())
        {
            if (value.ToString().Equals(text, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        if (text is not null)
        {
            errors.Add(field, $"Is one of {string.Join(", ", Enum.GetNames<TEnum>().Select(name => name.ToUpperInvariant()))}.");
        }

        return null;
    }

    /// <summary>The incoming messages among them, parked and waiting; <c>null</c> if others are meant.</summary>
    public IQueryable<ParkedMessage>? Inbound(OrdersDbContext database)
    {
        if (Direction is DeadLetterDirection.Outbound)
        {
            return null;
        }

        var messages = Type is null
            ? database.Parked
            : database.Parked.FromSql($"SELECT * FROM parked_messages WHERE headers->>'ce_type' = {Type}");
        var key = OrderId?.ToString();
        return key is null ? messages : messages.Where(message => message.Key == key);
    }

    /// <summary>The parked rows of the outbox among them; <c>null</c> if others are meant.</summary>
    public IQueryable<OutboxMessage>? Outbound(OrdersDbContext database)
    {
        if (Direction is DeadLetterDirection.Inbound)
        {
            return null;
        }

        var rows = database.Outbox.Where(row => row.ParkedAt != null);
        rows = Type is null ? rows : rows.Where(row => row.Type == Type);
        return OrderId is null ? rows : rows.Where(row => row.OrderId == OrderId);
    }
}
