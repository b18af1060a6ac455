using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Npgsql;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>An order as it is stored.</summary>
/// <param name="Order">The order.</param>
/// <param name="Version">Its version.</param>
internal sealed record StoredOrder(OrderResponse Order, int Version);

/// <summary>Which orders of a customer.</summary>
/// <param name="UserId">The customer.</param>
/// <param name="Status">Only those of this status.</param>
/// <param name="From">Only those placed at this instant or later.</param>
/// <param name="To">Only those placed before this instant.</param>
internal sealed record OrderFilter(Guid UserId, OrderStatus? Status, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Reads orders as clients see them, straight from PostgreSQL: what is only shown needs no object of the domain.</summary>
internal sealed class OrderReader(NpgsqlDataSource database)
{
    private const string Select =
        """
        SELECT o.id, o.user_id, o.status, o.total_amount, o.currency, o.shipping_address, o.notes, o.created_at, o.updated_at, o.version,
               i.id, i.product_id, i.product_name, i.quantity, i.unit_price, i.total_price
        """;

    private const string Items = "LEFT JOIN order_items AS i ON i.order_id = o.id";

    /// <summary>The order, or <c>null</c>.</summary>
    public Task<StoredOrder?> FindAsync(Guid id, CancellationToken cancellationToken) =>
        FindAsync($"{Select} FROM orders AS o {Items} WHERE o.id = $1 ORDER BY i.line", cancellationToken, id);

    /// <summary>The order, or <c>null</c> if there is none or it is somebody else's.</summary>
    public Task<StoredOrder?> FindAsync(Guid id, Guid userId, CancellationToken cancellationToken) =>
        FindAsync($"{Select} FROM orders AS o {Items} WHERE o.id = $1 AND o.user_id = $2 ORDER BY i.line", cancellationToken, id, userId);

    /// <summary>The order that a cart's checkout became, or <c>null</c>.</summary>
    public Task<StoredOrder?> FindByCheckoutAsync(Guid checkoutId, CancellationToken cancellationToken) =>
        FindAsync($"{Select} FROM orders AS o {Items} WHERE o.checkout_id = $1 ORDER BY i.line", cancellationToken, checkoutId);

    /// <summary>A page of orders: from the cursor on the way it goes, or else <paramref name="skip"/> behind the newest, in this direction.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "Parts of ours; each value is a parameter.")]
    public async Task<List<OrderResponse>> ListAsync(
        OrderFilter filter, OrderCursor? cursor, int skip, int take, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        var where = Where(filter, command);
        if (cursor is { } here)
        {
            // Row values, which PostgreSQL seeks in the index that has this order.
            where += $" AND (created_at, id) {(here.Back ? '>' : '<')} ({Add(command, here.CreatedAt)}, {Add(command, here.Id)})";
            skip = 0;
        }

        // The number of orders is part of the statement: PostgreSQL, which would have to guess it, planned the statement anew each time.
        var page = string.Create(CultureInfo.InvariantCulture, $"LIMIT {take}");
        if (skip > 0)
        {
            page += $" OFFSET {Add(command, skip)}";
        }

        var direction = cursor is { Back: true } ? "ASC" : "DESC";
        command.CommandText =
            $"""
            {Select}
            FROM (
                SELECT * FROM orders WHERE {where}
                ORDER BY created_at {direction}, id {direction} {page}
            ) AS o {Items}
            ORDER BY o.created_at {direction}, o.id {direction}, i.line
            """;
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return [.. (await ReadAsync(rows, cancellationToken)).Select(stored => stored.Order)];
    }

    /// <summary>How many orders there are.</summary>
    [SuppressMessage("Security", "CA2100", Justification = "Parts of ours; each value is a parameter.")]
    public async Task<int> CountAsync(OrderFilter filter, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        command.CommandText = $"SELECT count(*)::integer FROM orders WHERE {Where(filter, command)}";
        return (int)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static string Where(OrderFilter filter, NpgsqlCommand command)
    {
        var where = $"user_id = {Add(command, filter.UserId)}";
        if (filter.Status is { } status)
        {
            where += $" AND status = {Add(command, UpperCase.NameOf(status))}";
        }

        if (filter.From is { } from)
        {
            where += $" AND created_at >= {Add(command, from)}";
        }

        if (filter.To is { } to)
        {
            where += $" AND created_at < {Add(command, to)}";
        }

        return where;
    }

    /// <summary>Adds a parameter.</summary>
    /// <returns>Its place in the statement.</returns>
    private static string Add<T>(NpgsqlCommand command, T value)
    {
        command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });
        return string.Create(CultureInfo.InvariantCulture, $"${command.Parameters.Count}");
    }

    [SuppressMessage("Security", "CA2100", Justification = "One of the statements above.")]
    private async Task<StoredOrder?> FindAsync(string sql, CancellationToken cancellationToken, params Guid[] keys)
    {
        await using var command = database.CreateCommand();
        command.CommandText = sql;
        foreach (var key in keys)
        {
            Add(command, key);
        }

        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        return await ReadAsync(rows, cancellationToken) is [var only] ? only : null;
    }

    /// <summary>The orders of rows that have the columns above, an order's rows one after another.</summary>
    private static async Task<List<StoredOrder>> ReadAsync(NpgsqlDataReader rows, CancellationToken cancellationToken)
    {
        var orders = new List<StoredOrder>();
        List<OrderItemResponse> items = [];
        while (await rows.ReadAsync(cancellationToken))
        {
            var id = rows.GetGuid(0);
            if (orders is not [.., var last] || last.Order.Id != id)
            {
                items = [];
                orders.Add(new(
                    new(
                        id,
                        rows.GetGuid(1),
                        UpperCase.ValueOf<OrderStatus>(rows.GetString(2)),
                        rows.GetDecimal(3),
                        rows.GetString(4),
                        rows.GetString(5),
                        rows.IsDBNull(6) ? null : rows.GetString(6),
                        items,
                        rows.GetFieldValue<DateTimeOffset>(7),
                        rows.GetFieldValue<DateTimeOffset>(8)),
                    rows.GetInt32(9)));
            }

            if (!rows.IsDBNull(10))
            {
                items.Add(new(
                    rows.GetGuid(10), rows.GetString(11), rows.GetString(12), rows.GetInt32(13), rows.GetDecimal(14), rows.GetDecimal(15)));
            }
        }

        return orders;
    }
}
