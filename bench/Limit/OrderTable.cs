using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using OrderService.Core.Messaging;

namespace Limit;

/// <summary>
/// Orders in the product's own tables, with no check and made-up prices. An order is the same rows as the product's, all of them in one
/// statement; a read is one statement with the lines.
/// </summary>
internal sealed class OrderTable(NpgsqlDataSource database)
{
    private const int PageSize = 20;
    private const string Route = "POST /api/orders";
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";
    private const decimal UnitPrice = 12.34m;

    private const string Insert =
        """
        WITH placed AS (
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, notes, created_at, updated_at, version, last_sequence)
            VALUES ($1, $2, 'PENDING', $3, 'EUR', $4, $5, $6, $6, 1, 1)),
        lines AS (
            INSERT INTO order_items (order_id, line, id, product_id, product_name, quantity, unit_price, total_price)
            SELECT $1, * FROM unnest($7, $8, $9, $10, $11, $12, $13)),
        history AS (
            INSERT INTO order_history (order_id, sequence, from_status, to_status, at, reason, by)
            VALUES ($1, 1, NULL, 'PENDING', $6, 'Placed', 'customer')),
        outbox AS (
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, trace_parent, occurred_at)
            VALUES ($14, $1, $15, 'EVENTS', 1, 'io.cloudforge.order.placed.v1', $16, $17, $6))
        INSERT INTO idempotency_keys (user_id, route, key, request_hash, order_id, status_code, etag, response, created_at)
        VALUES ($2, $18, $19, $20, $1, 201, '"1"', $21, $6)
        """;

    private const string Columns =
        """
        o.id, o.user_id, o.status, o.total_amount, o.currency, o.shipping_address, o.notes, o.created_at, o.updated_at,
        i.id, i.product_id, i.product_name, i.quantity, i.unit_price, i.total_price
        """;

    private const string One =
        $"""
        SELECT {Columns} FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE o.id = $1 AND o.user_id = $2 ORDER BY i.line
        """;

    private const string Newest =
        $"""
        SELECT {Columns}
        FROM (SELECT * FROM orders WHERE user_id = $1 ORDER BY created_at DESC, id DESC LIMIT $2) o JOIN order_items i ON i.order_id = o.id
        ORDER BY o.created_at DESC, o.id DESC, i.line
        """;

    private static readonly byte[] RequestHash = SHA256.HashData("a request"u8);

    /// <summary>Writes an order and returns its JSON.</summary>
    public async Task<(Guid Id, string Json)> PlaceAsync(Guid userId, string key, OrderRequest request)
    {
        var now = DateTime.UtcNow;
        now = now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        var id = Guid.CreateVersion7(now);
        var count = request.Items.Count;
        var lines = new Line[count];
        var placed = new PlacedLine[count];
        var numbers = new int[count];
        var ids = new Guid[count];
        var products = new string[count];
        var names = new string[count];
        var quantities = new int[count];
        var prices = new decimal[count];
        var totals = new decimal[count];
        var total = 0m;
        for (var i = 0; i < count; i++)
        {
            var (product, quantity) = request.Items[i];
            (numbers[i], ids[i], products[i], names[i]) = (i + 1, Guid.CreateVersion7(now), product, CartHash.NameOf(product));
            (quantities[i], prices[i], totals[i]) = (quantity, UnitPrice, UnitPrice * quantity);
            lines[i] = new(ids[i], product, names[i], quantity, UnitPrice, totals[i]);
            placed[i] = new(product, names[i], quantity, UnitPrice, totals[i]);
            total += totals[i];
        }

        var response = JsonSerializer.Serialize(
            new(id, userId, "PENDING", total, "EUR", request.ShippingAddress, request.Notes, lines, now, now), LimitJson.Default.Order);
        var payload = JsonSerializer.Serialize(
            new(id, userId, total, "EUR", placed, request.ShippingAddress, request.Notes, now), LimitJson.Default.OrderPlaced);

        await using var insert = database.CreateCommand(Insert);
        var parameters = insert.Parameters;
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = userId });
        parameters.Add(new NpgsqlParameter<decimal> { TypedValue = total });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = request.ShippingAddress });
        parameters.Add(new() { Value = request.Notes ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now });
        parameters.Add(new NpgsqlParameter<int[]> { TypedValue = numbers });
        parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = ids });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = products });
        parameters.Add(new NpgsqlParameter<string[]> { TypedValue = names });
        parameters.Add(new NpgsqlParameter<int[]> { TypedValue = quantities });
        parameters.Add(new NpgsqlParameter<decimal[]> { TypedValue = prices });
        parameters.Add(new NpgsqlParameter<decimal[]> { TypedValue = totals });
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = Guid.CreateVersion7(now) });
        parameters.Add(new NpgsqlParameter<short> { TypedValue = OutboxMessage.ShardOf(id) });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = payload });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = TraceParent });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = Route });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = RequestHash });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = response });
        await insert.ExecuteNonQueryAsync();
        return (id, response);
    }

    /// <summary>One order, if it is that user's.</summary>
    public async Task<Order?> FindAsync(Guid id, Guid userId)
    {
        await using var select = database.CreateCommand(One);
        select.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        select.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = userId });
        return (await ReadAsync(select)) is [var order] ? order : null;
    }

    /// <summary>The newest orders of a user.</summary>
    public async Task<OrderPage> ListAsync(Guid userId)
    {
        await using var select = database.CreateCommand(Newest);
        select.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = userId });
        select.Parameters.Add(new NpgsqlParameter<int> { TypedValue = PageSize });
        return new(await ReadAsync(select), 0, PageSize, null);
    }

    private static async Task<List<Order>> ReadAsync(NpgsqlCommand select)
    {
        var orders = new List<Order>();
        var lines = new List<Line>();
        await using var row = await select.ExecuteReaderAsync();
        while (await row.ReadAsync())
        {
            var id = row.GetGuid(0);
            if (orders is [] || orders[^1].Id != id)
            {
                lines = [];
                orders.Add(new(
                    id,
                    row.GetGuid(1),
                    row.GetString(2),
                    row.GetDecimal(3),
                    row.GetString(4),
                    row.GetString(5),
                    row.IsDBNull(6) ? null : row.GetString(6),
                    lines,
                    row.GetDateTime(7),
                    row.GetDateTime(8)));
            }

            lines.Add(new(row.GetGuid(9), row.GetString(10), row.GetString(11), row.GetInt32(12), row.GetDecimal(13), row.GetDecimal(14)));
        }

        return orders;
    }
}

/// <summary>The routes of orders.</summary>
internal static class OrderRoutes
{
    /// <summary>Maps place, get and list.</summary>
    public static void MapOrders(this IEndpointRouteBuilder app, OrderTable orders)
    {
        app.MapPost("/orders", async (OrderRequest body, HttpContext http) =>
        {
            var (id, json) = await orders.PlaceAsync(http.UserId, http.Request.Headers["Idempotency-Key"].ToString(), body);
            http.Response.Headers.Location = $"/api/orders/{id}";
            return TypedResults.Text(json, "application/json; charset=utf-8", statusCode: StatusCodes.Status201Created);
        });
        app.MapGet("/orders/{id:guid}", async Task<IResult> (Guid id, HttpContext http) =>
            await orders.FindAsync(id, http.UserId) is { } order ? TypedResults.Ok(order) : TypedResults.NotFound());
        app.MapGet("/orders", async (HttpContext http) => TypedResults.Ok(await orders.ListAsync(http.UserId)));
    }

    extension(HttpContext http)
    {
        /// <summary>Who the caller says it is.</summary>
        public Guid UserId => Guid.Parse(http.Request.Headers["X-User-Id"].ToString());
    }
}
