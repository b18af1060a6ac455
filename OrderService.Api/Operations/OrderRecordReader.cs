using System.Data;
using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Which orders of all customers.</summary>
/// <param name="Status">Only those of this status.</param>
/// <param name="From">Only those placed at this instant or later.</param>
/// <param name="To">Only those placed before this instant.</param>
internal sealed record OrderRecordFilter(OrderStatus? Status, DateTimeOffset? From, DateTimeOffset? To);

/// <summary>Reads orders as the lines of an export, in short looks: a long one would keep PostgreSQL from cleaning up behind all others.</summary>
internal sealed class OrderRecordReader(NpgsqlDataSource database)
{
    private const string Next =
        """
        SELECT id,
               ($2 IS NULL OR status = $2) AND ($3 IS NULL OR created_at >= $3) AND ($4 IS NULL OR created_at < $4)
        FROM orders WHERE id > $1 ORDER BY id LIMIT 500
        """;

    private const string Orders =
        """
        SELECT o.id, coalesce(i.external_id, o.id::text), o.user_id, o.status, o.currency, o.total_amount, o.shipping_address, o.notes,
               o.created_at, o.updated_at, o.paid_at, CASE WHEN o.paid_at IS NOT NULL THEN coalesce(o.paid_amount, o.total_amount) END
        FROM orders AS o LEFT JOIN imported_orders AS i ON i.order_id = o.id
        WHERE o.id = ANY ($1) ORDER BY o.id
        """;

    private const string Items =
        """
        SELECT order_id, product_id, product_name, quantity, unit_price, total_price
        FROM order_items WHERE order_id = ANY ($1) ORDER BY order_id, line
        """;

    private const string Steps =
        """
        SELECT order_id, sequence, from_status, to_status, at, reason, by
        FROM order_history WHERE order_id = ANY ($1) ORDER BY order_id, sequence
        """;

    /// <summary>The orders behind <paramref name="after"/>, by id: a few hundred are looked at, and those that pass the filter are told.</summary>
    /// <returns>Those, and the last one that was looked at; <c>null</c> at the end.</returns>
    public async Task<(List<Guid> Ids, Guid? Last)> NextAsync(Guid after, OrderRecordFilter filter, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        command.CommandText = Next;
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after });
        AddNullable(command, filter.Status is { } status ? UpperCase.NameOf(status) : null, NpgsqlDbType.Text);
        AddNullable(command, filter.From, NpgsqlDbType.TimestampTz);
        AddNullable(command, filter.To, NpgsqlDbType.TimestampTz);
        var ids = new List<Guid>();
        Guid? last = null;
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            last = rows.GetGuid(0);
            if (rows.GetBoolean(1))
            {
                ids.Add(last.Value);
            }
        }

        return (ids, last);
    }

    /// <summary>Orders by their ids, each of one moment.</summary>
    public async Task<List<OrderRecord>> ReadAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellationToken)
    {
        Guid[] asked = [.. ids];
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var moment = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        var items = await ReadAsync(connection, Items, asked, Item, cancellationToken);
        var steps = await ReadAsync(connection, Steps, asked, Step, cancellationToken);
        var itemsOf = items.ToLookup(item => item.OrderId, item => item.Value);
        var stepsOf = steps.ToLookup(step => step.OrderId, step => step.Value);
        var orders = await ReadAsync(
            connection,
            Orders,
            asked,
            row => (OrderId: row.GetGuid(0), Value: Order(row, [.. itemsOf[row.GetGuid(0)]], [.. stepsOf[row.GetGuid(0)]])),
            cancellationToken);
        return orders.ConvertAll(order => order.Value);
    }

    [SuppressMessage("Security", "CA2100", Justification = "One of the statements above.")]
    private static async Task<List<(Guid OrderId, T Value)>> ReadAsync<T>(
        NpgsqlConnection connection, string sql, Guid[] ids, Func<NpgsqlDataReader, (Guid OrderId, T Value)> read, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        var found = new List<(Guid OrderId, T Value)>();
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        while (await rows.ReadAsync(cancellationToken))
        {
            found.Add(read(rows));
        }

        return found;
    }

    private static (Guid OrderId, OrderRecordItem Value) Item(NpgsqlDataReader row) =>
        (row.GetGuid(0), new(row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetDecimal(4), row.GetDecimal(5)));

    private static (Guid OrderId, OrderRecordStep Value) Step(NpgsqlDataReader row) => (row.GetGuid(0), new(
        row.GetInt32(1),
        row.IsDBNull(2) ? null : UpperCase.ValueOf<OrderStatus>(row.GetString(2)),
        UpperCase.ValueOf<OrderStatus>(row.GetString(3)),
        row.GetFieldValue<DateTimeOffset>(4),
        row.GetString(5),
        row.GetString(6)));

    private static OrderRecord Order(NpgsqlDataReader row, List<OrderRecordItem> items, List<OrderRecordStep> steps) => new(
        row.GetString(1),
        row.GetGuid(0),
        row.GetGuid(2),
        UpperCase.ValueOf<OrderStatus>(row.GetString(3)),
        row.GetString(4),
        row.GetDecimal(5),
        row.GetString(6),
        row.IsDBNull(7) ? null : row.GetString(7),
        items,
        row.GetFieldValue<DateTimeOffset>(8),
        row.GetFieldValue<DateTimeOffset>(9),
        row.IsDBNull(10) ? null : row.GetFieldValue<DateTimeOffset>(10),
        row.IsDBNull(11) ? null : row.GetDecimal(11),
        steps);

    private static void AddNullable(NpgsqlCommand command, object? value, NpgsqlDbType type) =>
        command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });
}
