using Npgsql;
using OrderService.Core.Orders;

namespace OrderService.Core.Persistence;

/// <summary>
/// Writes orders that another system had before, many at once: one statement, so one round trip and one transaction for all of them. Like
/// <see cref="NewOrders"/> it follows the model that <see cref="OrdersDbContext"/> holds (docs/decisions/0023).
/// </summary>
/// <param name="connection">
/// An open connection of its own, on which nothing is prepared: PostgreSQL has to plan each statement for as many orders as there are, and
/// a prepared one it would plan for a few, a hundred times slower.
/// </param>
public sealed class ImportedOrders(NpgsqlConnection connection)
{
    /// <summary>
    /// Sorted, so that two imports of the same orders wait for each other instead of both for ever. Who comes second writes nothing, not
    /// even lines. Ids are looked up one by one, as in <see cref="Find"/>.
    /// </summary>
    private const string Insert =
        """
        WITH imported AS MATERIALIZED (
            SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
                AS imported (external_id, content_hash, id, user_id, status, total_amount, currency, shipping_address, notes,
                             created_at, updated_at, paid_at, paid_amount, refund_amount, version, last_sequence)),
        claimed AS (
            INSERT INTO imported_orders (external_id, order_id, content_hash, imported_at)
            SELECT external_id, id, content_hash, $17 FROM imported
            WHERE (SELECT id FROM orders WHERE orders.id = imported.id) IS NULL
            ORDER BY external_id
            ON CONFLICT DO NOTHING
            RETURNING external_id, order_id),
        placed AS (
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, notes, has_reservation, created_at, updated_at,
                                paid_at, paid_amount, refund_amount, version, last_sequence)
            SELECT id, user_id, status, total_amount, currency, shipping_address, notes, false, created_at, updated_at,
                   paid_at, paid_amount, refund_amount, version, last_sequence
            FROM imported JOIN claimed USING (external_id)),
        lines AS (
            INSERT INTO order_items (order_id, line, id, product_id, product_name, quantity, unit_price, total_price)
            SELECT order_id, line, id, product_id, product_name, quantity, unit_price, total_price
            FROM unnest($18, $19, $20, $21, $22, $23, $24, $25)
                AS item (order_id, line, id, product_id, product_name, quantity, unit_price, total_price) JOIN claimed USING (order_id)),
        steps AS (
            INSERT INTO order_history (order_id, sequence, from_status, to_status, at, reason, by)
            SELECT order_id, sequence, from_status, to_status, at, reason, by
            FROM unnest($26, $27, $28, $29, $30, $31, $32)
                AS step (order_id, sequence, from_status, to_status, at, reason, by) JOIN claimed USING (order_id))
        SELECT order_id FROM claimed
        """;

    /// <summary>
    /// Looked up one by one, each in an index. As a join PostgreSQL would do it by reading both tables whole, for each batch, as long as they
    /// have some hundred thousand rows.
    /// </summary>
    private const string Find =
        """
        SELECT asked.place, imported.order_id, imported.content_hash, stored.id
        FROM unnest($1, $2) WITH ORDINALITY AS asked (external_id, id, place)
        LEFT JOIN LATERAL (SELECT order_id, content_hash FROM imported_orders WHERE external_id = asked.external_id LIMIT 1) AS imported ON true
        LEFT JOIN LATERAL (SELECT id FROM orders WHERE id = asked.id LIMIT 1) AS stored ON true
        WHERE imported.order_id IS NOT NULL OR stored.id IS NOT NULL
        """;

    /// <summary>Finds which of these are there already, by their place in the list.</summary>
    /// <param name="orders">External ids, each with the id that the order is to have.</param>
    public async Task<Dictionary<int, FoundOrder>> FindAsync(IReadOnlyList<(string ExternalId, Guid Id)> orders)
    {
        await using var command = connection.CreateCommand();
        command.CommandText = Find;
        Add(command, orders, order => order.ExternalId);
        Add(command, orders, order => order.Id);
        var found = new Dictionary<int, FoundOrder>();
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            found[(int)rows.GetInt64(0) - 1] = rows.IsDBNull(1)
                ? new(rows.GetGuid(3), ContentHash: null)
                : new(rows.GetGuid(1), rows.GetFieldValue<byte[]>(2));
        }

        return found;
    }

    /// <summary>Writes orders as <see cref="Order.Import"/> made them, except those whose external id or id is there already.</summary>
    /// <param name="orders">The orders, no two of one external id or id.</param>
    /// <returns>The ids of those that were written.</returns>
    public async Task<HashSet<Guid>> WriteAsync(IReadOnlyList<(ImportedOrder Origin, Order Order)> orders)
    {
        var items = orders.SelectMany(imported => imported.Order.Items).ToList();
        var steps = new List<OrderHistoryEntry>(2 * orders.Count);
        foreach (var (_, order) in orders)
        {
            var (events, commands, history) = order.Take();
            if (events.Count > 0 || commands.Count > 0)
            {
                throw new InvalidOperationException("An imported order tells nobody, and owes nothing.");
            }

            steps.AddRange(history);
        }

        await using var command = connection.CreateCommand();
        command.CommandText = Insert;
        Add(command, orders, imported => imported.Origin.ExternalId);
        Add(command, orders, imported => imported.Origin.ContentHash);
        Add(command, orders, imported => imported.Order.Id);
        Add(command, orders, imported => imported.Order.UserId);
        Add(command, orders, imported => UpperCase.NameOf(imported.Order.Status));
        Add(command, orders, imported => imported.Order.TotalAmount);
        Add(command, orders, imported => imported.Order.Currency);
        Add(command, orders, imported => imported.Order.ShippingAddress);
        Add(command, orders, imported => imported.Order.Notes);
        Add(command, orders, imported => imported.Order.CreatedAt);
        Add(command, orders, imported => imported.Order.UpdatedAt);
        Add(command, orders, imported => imported.Order.PaidAt);
        Add(command, orders, imported => imported.Order.PaidAmount);
        Add(command, orders, imported => imported.Order.RefundAmount);
        Add(command, orders, imported => imported.Order.Version);
        Add(command, orders, imported => imported.Order.LastSequence);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = orders[0].Origin.ImportedAt });
        Add(command, items, item => item.OrderId);
        Add(command, items, item => item.Line);
        Add(command, items, item => item.Id);
        Add(command, items, item => item.ProductId);
        Add(command, items, item => item.ProductName);
        Add(command, items, item => item.Quantity);
        Add(command, items, item => item.UnitPrice);
        Add(command, items, item => item.TotalPrice);
        Add(command, steps, step => step.OrderId);
        Add(command, steps, step => step.Sequence);
        Add(command, steps, step => step.From is { } from ? UpperCase.NameOf(from) : null);
        Add(command, steps, step => UpperCase.NameOf(step.To));
        Add(command, steps, step => step.At);
        Add(command, steps, step => step.Reason);
        Add(command, steps, step => step.By);

        var written = new HashSet<Guid>(orders.Count);
        await using var rows = await command.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            written.Add(rows.GetGuid(0));
        }

        return written;
    }

    private static void Add<TRow, T>(NpgsqlCommand command, IReadOnlyList<TRow> rows, Func<TRow, T> column)
    {
        var values = new T[rows.Count];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = column(rows[i]);
        }

        command.Parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values });
    }
}

/// <summary>An order that is there already.</summary>
/// <param name="OrderId">Its id.</param>
/// <param name="ContentHash">SHA-256 of what was imported; <c>null</c> for one of this id that was not, or not under this external id.</param>
public sealed record FoundOrder(Guid OrderId, byte[]? ContentHash);
