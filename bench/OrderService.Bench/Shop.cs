using System.Net;
using System.Net.Http.Json;
using Npgsql;

namespace OrderService.Bench;

/// <summary>What is in the shop before anything is measured.</summary>
internal static class Shop
{
    private const int Stock = 1_000_000;

    /// <summary>A customer with ten orders.</summary>
    public static readonly Guid SmallCustomer = Requests.UserId(0x0A_000A);

    /// <summary>A customer with ten thousand orders.</summary>
    public static readonly Guid LargeCustomer = Requests.UserId(0x0A_2710);

    /// <summary>The payment provider does nothing by itself, and there is enough of some products.</summary>
    public static async Task PrepareAsync(Graph graph, CancellationToken cancellationToken)
    {
        using var payments = graph.ClientOf(ResourceNames.Payments);
        using var mode = await payments.PutAsJsonAsync("/mode", new { mode = "manual" }, cancellationToken);
        mode.EnsureSuccessStatusCode();

        using var products = graph.ClientOf(ResourceNames.Products);
        for (var number = 0; number < Requests.Products; number++)
        {
            var id = Requests.ProductId(number);
            using var answer = await products.PutAsJsonAsync(
                $"/api/products/{id}", new { name = $"Thing {id} of the bench", price = 12.34m, currency = "EUR", stock = Stock }, cancellationToken);
            answer.EnsureSuccessStatusCode();
        }
    }

    /// <summary>Three products in each of the carts that the cart scenarios work with.</summary>
    public static async Task FillCartsAsync(Load load, Requests requests, CancellationToken cancellationToken)
    {
        for (var number = 0; number < 3 * Requests.Users / 2; number++)
        {
            await load.SendAsync(requests.AddToCart(0, number), HttpStatusCode.OK, cancellationToken);
        }
    }

    /// <summary>
    /// Adds delivered orders of three lines to a database, by all customers in turn: those from one number to another of as many as there
    /// are to be in the end, which were placed one every six seconds until now.
    /// </summary>
    public static Task AddOrdersAsync(NpgsqlDataSource database, long from, long to, long of, CancellationToken cancellationToken) => AddAsync(
        database, from, to, of, $"('00000000-0000-4000-8000-' || lpad(to_hex(n % {Requests.Users} + 1), 12, '0'))::uuid", cancellationToken);

    /// <summary>Adds the customers with ten and ten thousand orders.</summary>
    public static async Task AddCustomersAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await AddAsync(database, 0, 10, 10, $"'{SmallCustomer}'::uuid", cancellationToken);
        await AddAsync(database, 0, 10_000, 10_000, $"'{LargeCustomer}'::uuid", cancellationToken);
    }

    /// <summary>Has the planner know what is there, and nothing left to be written of it.</summary>
    public static async Task AnalyzeAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        foreach (var statement in new[] { "VACUUM (ANALYZE) orders, order_items, order_history", "CHECKPOINT" })
        {
            await using var command = database.CreateCommand(statement);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
    }

    /// <summary>Orders at random, with their owners.</summary>
    public static async Task<(Guid Id, Guid UserId)[]> SomeOrdersAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var select = database.CreateCommand(
            """
            SELECT id, user_id
            FROM orders TABLESAMPLE BERNOULLI ((SELECT least(100, 100 * 20000.0 / greatest(count(*), 1)) FROM orders))
            ORDER BY random()
            """);
        select.CommandTimeout = 0;
        await using var rows = await select.ExecuteReaderAsync(cancellationToken);
        var orders = new List<(Guid, Guid)>();
        while (await rows.ReadAsync(cancellationToken))
        {
            orders.Add((rows.GetGuid(0), rows.GetGuid(1)));
        }

        return [.. orders];
    }

    /// <summary>UUIDv7 keys in the order of time, as the product makes them. The foreign keys hold, so nobody checks them.</summary>
    private static async Task AddAsync(
        NpgsqlDataSource database, long from, long to, long of, string user, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(
            $"""
            SET session_replication_role = replica;
            SET synchronous_commit = off;
            CREATE TEMPORARY TABLE placed ON COMMIT DROP AS
            SELECT n, {user} AS user_id, at,
                   overlay(overlay(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(random()::text || n), 1, 20)
                       PLACING '7' FROM 13) PLACING '8' FROM 17)::uuid AS id
            FROM (SELECT n, now() - interval '6 seconds' * ({of} - n) AS at FROM generate_series({from}::bigint, {to}::bigint - 1) AS n) AS numbered;
            INSERT INTO orders (
                id, user_id, status, total_amount, currency, shipping_address,
                created_at, updated_at, paid_at, paid_amount, version, last_sequence)
            SELECT id, user_id, 'DELIVERED', 37.02, 'EUR', '{Requests.Address}', at, at, at, 37.02, 5, 5 FROM placed ORDER BY n;
            INSERT INTO order_items (order_id, line, id, product_id, product_name, quantity, unit_price, total_price)
            SELECT id, line, gen_random_uuid(), 'B-00' || line, 'Thing B-00' || line || ' of the bench', 1, 12.34, 12.34
            FROM placed, generate_series(1, 3) AS line ORDER BY n, line;
            INSERT INTO order_history (order_id, sequence, from_status, to_status, at, reason, by)
            SELECT id, 1, NULL, 'PENDING', at, 'Placed', 'customer' FROM placed ORDER BY n;
            RESET session_replication_role;
            RESET synchronous_commit
            """,
            connection);
        insert.CommandTimeout = 0;
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await insert.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
