using System.Diagnostics.CodeAnalysis;
using Npgsql;
using NpgsqlTypes;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Core.Persistence;

/// <summary>
/// Writes new orders: one statement, so one round trip and one transaction for the order, its lines, its event, its history and the answer
/// to its request. <see cref="OrdersDbContext"/> writes all changes after that, and holds the model that the statement follows
/// (docs/decisions/0015).
/// </summary>
public sealed class NewOrders(NpgsqlDataSource database, OutboxWakeup wakeup)
{
    private const string InsertOrder =
        """
        placed AS (
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, notes, checkout_id, created_at, updated_at,
                                version, last_sequence)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11)),
        lines AS (
            INSERT INTO order_items (order_id, line, id, product_id, product_name, quantity, unit_price, total_price)
            SELECT $1, * FROM unnest($12, $13, $14, $15, $16, $17, $18)),
        step AS (
            INSERT INTO order_history (order_id, sequence, to_status, at, reason, by)
            VALUES ($1, $11, $3, $9, $19, $20))
        INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, trace_parent, trace_state, occurred_at)
        VALUES ($21, $1, $22, $23, $11, $24, $25, $26, $27, $9)
        """;

    private const string Insert = "WITH " + InsertOrder;

    private const string InsertAnswered =
        """
        WITH answer AS (
            INSERT INTO idempotency_keys (user_id, route, key, request_hash, order_id, status_code, etag, response, created_at)
            VALUES ($2, $28, $29, $30, $1, $31, $32, $33, $9)),
        """ + InsertOrder;

    /// <summary>Writes an order as <see cref="Order.Place"/> made it.</summary>
    /// <param name="order">The order.</param>
    /// <param name="answer">The answer to its request, where that has an idempotency key.</param>
    /// <param name="timeout">How long the write may take.</param>
    /// <exception cref="PostgresException">It is refused: a unique violation where an order of this id or checkout, or an answer under this
    /// key, is there already. As with any other exception, nothing is written.</exception>
    /// <exception cref="OutcomeUnknownException">It may be written or not.</exception>
    [SuppressMessage("Security", "CA2100", Justification = "One of the two statements above.")]
    public async Task WriteAsync(Order order, IdempotencyRecord? answer, TimeSpan timeout)
    {
        var (events, commands, history) = order.Take();
        if (events is not [var placed] || history is not [var step] || commands.Count > 0)
        {
            throw new InvalidOperationException("A new order has one event and one step, and owes nothing else.");
        }

        var message = OutboxMessage.For(order.Id, placed.Event, placed.Sequence, placed.At);
        var items = order.Items;

        // A database that is away is noticed here, while it is certain that nothing was written.
        await using var connection = await database.OpenConnectionAsync(CancellationToken.None);
        await using var command = new NpgsqlCommand(answer is null ? Insert : InsertAnswered, connection) { CommandTimeout = (int)timeout.TotalSeconds };
        Add(order.Id);
        Add(order.UserId);
        Add(UpperCase.NameOf(order.Status));
        Add(order.TotalAmount);
        Add(order.Currency);
        Add(order.ShippingAddress);
        AddNullable(order.Notes, NpgsqlDbType.Text);
        AddNullable(order.CheckoutId, NpgsqlDbType.Uuid);
        Add(order.CreatedAt);
        Add(order.Version);
        Add(order.LastSequence);
        AddAll(item => item.Line);
        AddAll(item => item.Id);
        AddAll(item => item.ProductId);
        AddAll(item => item.ProductName);
        AddAll(item => item.Quantity);
        AddAll(item => item.UnitPrice);
        AddAll(item => item.TotalPrice);
        Add(step.Reason);
        Add(step.By);
        Add(message.Id);
        Add(message.Shard);
        Add(UpperCase.NameOf(message.Channel));
        Add(message.Type);
        Add(message.Payload);
        AddNullable(message.TraceParent, NpgsqlDbType.Text);
        AddNullable(message.TraceState, NpgsqlDbType.Text);
        if (answer is not null)
        {
            Add(answer.Route);
            Add(answer.Key);
            Add(answer.RequestHash);
            Add(answer.StatusCode);
            Add(answer.ETag);
            Add(answer.Response);
        }

        try
        {
            await command.ExecuteNonQueryAsync(CancellationToken.None);
        }
        catch (Exception e) when (!IsRefusal(e))
        {
            throw new OutcomeUnknownException(e);
        }

        OrderTelemetry.Count(history);
        wakeup.Wake(OutboxChannel.Events);

        void Add<T>(T value) => command.Parameters.Add(new NpgsqlParameter<T> { TypedValue = value });

        void AddNullable(object? value, NpgsqlDbType type) => command.Parameters.Add(new() { Value = value ?? DBNull.Value, NpgsqlDbType = type });

        void AddAll<T>(Func<OrderItem, T> column)
        {
            var values = new T[items.Count];
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = column(items[i]);
            }

            Add(values);
        }
    }

    /// <summary>Whether PostgreSQL refused the statement: then certainly nothing is written. A server that shuts down may have committed.</summary>
    private static bool IsRefusal(Exception e) =>
        e is PostgresException refusal
        && !refusal.SqlState.StartsWith("57P", StringComparison.Ordinal)
        && !refusal.SqlState.StartsWith("08", StringComparison.Ordinal);
}

/// <summary>The connection broke while something was written: nobody knows whether the commit took effect.</summary>
public sealed class OutcomeUnknownException(Exception cause) : NpgsqlException("Whether the order was written is not known.", cause);
