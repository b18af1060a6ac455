using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using OrderService.Tests.Rules;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Migrations are written by hand; here they are held to the model.</summary>
[Collection(OneShop.Name)]
public sealed class SchemaTests(ShopFixture shop)
{
    [Fact]
    public async Task The_migrated_schema_is_the_models()
    {
        await using var migrated = await shop.NewDatabaseAsync("migrated");
        await using var created = await shop.NewDatabaseAsync("created");

        await migrated.Database.MigrateAsync();
        await created.Database.EnsureCreatedAsync();

        Assert.Equal(await DescribeAsync(created), await DescribeAsync(migrated));
    }

    /// <summary>Expand, then contract (docs/decisions/0022): the version before serves while a migration runs, and for a while after.</summary>
    [Fact]
    public async Task Each_migration_leaves_what_the_version_before_reads_and_writes()
    {
        await using var database = await shop.NewDatabaseAsync("expanded");
        var migrations = database.Database.GetMigrations().ToList();
        await database.Database.MigrateAsync(migrations[0]);
        foreach (var migration in migrations.Skip(1))
        {
            var before = await ColumnsAsync(database);
            await database.Database.MigrateAsync(migration);
            var after = await ColumnsAsync(database);

            foreach (var (name, column) in before)
            {
                Assert.True(after.TryGetValue(name, out var now), $"{migration} takes {name} away.");
                Assert.True(column.Type == now.Type, $"{migration} makes {name} a {now.Type}.");
                Assert.True(now.MayBeLeftOut || !column.MayBeLeftOut, $"{migration} demands {name}.");
            }

            var tables = before.Keys.Select(name => name.Split('.')[0]).ToHashSet();
            foreach (var (name, column) in after.Where(column => !before.ContainsKey(column.Key) && tables.Contains(column.Key.Split('.')[0])))
            {
                Assert.True(column.MayBeLeftOut, $"{migration} demands {name}, which the version before does not know.");
            }
        }
    }

    [Fact]
    public async Task Every_migration_can_be_undone()
    {
        await using var database = await shop.NewDatabaseAsync("undone");
        await database.Database.MigrateAsync();

        await database.Database.MigrateAsync("0");

        Assert.Empty(await DescribeAsync(database));
    }

    [Fact]
    public async Task A_migration_that_fails_ends_with_one_message_that_says_why_and_leaves_nothing_behind()
    {
        await using var database = await shop.NewDatabaseAsync("broken");
        await database.Database.ExecuteSqlRawAsync("CREATE TABLE idempotency_keys (in_the_way integer)");

        var (exitCode, output) = await MigrateAsync(database.Database.GetConnectionString()!);

        Assert.Equal(1, exitCode);
        Assert.Contains("could not be migrated", output, StringComparison.Ordinal);
        Assert.Contains("idempotency_keys", output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(await DescribeAsync(database), line => line.Contains("orders", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Orders_that_were_paid_before_amounts_were_noted_count_as_paid_in_full()
    {
        await using var database = await shop.NewDatabaseAsync("paid");
        await database.Database.MigrateAsync("20261122171500_IdempotencyClaims");
        await database.Database.ExecuteSqlRawAsync(
            """
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, created_at, updated_at, paid_at, version, last_sequence)
            SELECT gen_random_uuid(), gen_random_uuid(), status, 12.50, 'EUR', 'here', now(), now(), paid_at, 1, 1
            FROM (VALUES ('PENDING', NULL), ('CONFIRMED', now()), ('CANCELLED', now()), ('CANCELLED', NULL)) AS earlier (status, paid_at)
            """);

        await database.Database.MigrateAsync();

        var orders = await database.Orders.AsNoTracking().ToListAsync();
        Assert.Equal(
            new[]
            {
                (OrderStatus.Pending, (decimal?)null, 0m),
                (OrderStatus.Confirmed, 12.50m, 0m),
                (OrderStatus.Cancelled, null, 0m),
                (OrderStatus.Cancelled, 12.50m, 12.50m),
            },
            orders.Select(order => (order.Status, order.PaidAmount, order.RefundAmount)).Order());
    }

    [Fact]
    public async Task Migrating_twice_changes_nothing()
    {
        await using var database = await shop.NewDatabaseAsync("twice");

        Assert.Equal(0, (await MigrateAsync(database.Database.GetConnectionString()!)).ExitCode);
        Assert.Equal(0, (await MigrateAsync(database.Database.GetConnectionString()!)).ExitCode);
    }

    /// <summary>On Kubernetes every new pod migrates before it serves.</summary>
    [Fact]
    public async Task Several_that_migrate_at_once_all_end_well()
    {
        await using var database = await shop.NewDatabaseAsync("at_once");

        var runs = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => MigrateAsync(database.Database.GetConnectionString()!)));

        Assert.All(runs, run => Assert.True(run.ExitCode == 0, run.Output));
        Assert.Empty(await database.Database.GetPendingMigrationsAsync());
    }

    [Fact]
    public async Task Migrating_makes_the_database_where_the_server_has_none()
    {
        await using var database = await shop.NewDatabaseAsync("absent");
        await database.Database.EnsureDeletedAsync();

        var (exitCode, output) = await MigrateAsync(database.Database.GetConnectionString()!);

        Assert.True(exitCode == 0, output);
        Assert.Empty(await database.Database.GetPendingMigrationsAsync());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_new_order_is_written_as_the_model_would_have_it(bool complete)
    {
        await using var model = await shop.NewDatabaseAsync("model");
        await using var statement = await shop.NewDatabaseAsync("statement");
        await model.Database.MigrateAsync();
        await statement.Database.MigrateAsync();
        var (orderId, userId, checkoutId) = (Guid.CreateVersion7(), Guid.NewGuid(), Guid.NewGuid());
        using var request = new Activity("request") { TraceStateString = complete ? "shop=1" : null }.Start();

        model.Add(NewOrder());
        if (complete)
        {
            model.Add(Answer());
        }

        await model.SaveChangesAsync();
        await using var database = NpgsqlDataSource.Create(statement.Database.GetConnectionString()!);
        using var wakeup = new OutboxWakeup(database, NullLogger<OutboxWakeup>.Instance);
        await new NewOrders(database, wakeup).WriteAsync(NewOrder(), complete ? Answer() : null, TimeSpan.FromSeconds(30));

        var rows = await RowsAsync(model);
        Assert.Equal(complete ? 6 : 5, rows.Count);
        Assert.Equal(rows, await RowsAsync(statement));

        Order NewOrder() => Order.Place(
            orderId,
            userId,
            [new OrderLine("P-0001", "Lamp", 2, 19.99m), new OrderLine("P-0002", "Désk 'n \"chair\"", 1, 149.50m)],
            "EUR",
            "1 Main Street, Springfield",
            complete ? "Ring twice" : null,
            complete ? checkoutId : null,
            Some.Now);

        IdempotencyRecord Answer() => new()
        {
            UserId = userId,
            Route = "POST /api/orders",
            Key = "a-key",
            RequestHash = [1, 2, 3],
            OrderId = orderId,
            StatusCode = 201,
            ETag = "\"1\"",
            Response = "{}",
            CreatedAt = Some.Now,
        };
    }

    [Fact]
    public async Task Imported_orders_are_written_as_the_model_would_have_them()
    {
        await using var model = await shop.NewDatabaseAsync("model");
        await using var statement = await shop.NewDatabaseAsync("statement");
        await model.Database.MigrateAsync();
        await statement.Database.MigrateAsync();
        Guid[] ids = [Guid.CreateVersion7(), Guid.CreateVersion7(), Guid.CreateVersion7()];
        var userId = Guid.NewGuid();

        foreach (var (origin, order) in NewImports())
        {
            model.Add(origin);
            model.Add(order);
        }

        await model.SaveChangesAsync();
        await using var connection = new NpgsqlConnection(statement.Database.GetConnectionString());
        await connection.OpenAsync();
        var orders = new ImportedOrders(connection);
        Assert.Equal(ids.Take(2).ToHashSet(), await orders.WriteAsync([.. NewImports().Take(2)]));
        Assert.Equal(ids[2], Assert.Single(await orders.WriteAsync([.. NewImports()])));

        var rows = await RowsAsync(model);
        Assert.Equal(3 * (1 + 1 + 2 + 3), rows.Count);
        Assert.Equal(rows, await RowsAsync(statement));
        Assert.Equal([0, 1, 2], (await orders.FindAsync([.. NewImports().Select(order => (order.Origin.ExternalId, Guid.NewGuid()))])).Keys.Order());
        Assert.Equal([0], (await orders.FindAsync([("another", ids[1]), ("nobody", Guid.NewGuid())])).Keys);

        IEnumerable<(ImportedOrder Origin, Order Order)> NewImports() => ids.Select((id, i) => (
            new ImportedOrder { ExternalId = $"A-{i}", OrderId = id, ContentHash = [1, 2, (byte)i], ImportedAt = Some.Now },
            Order.Import(
                id,
                userId,
                i == 0 ? OrderStatus.Cancelled : OrderStatus.Delivered,
                [new OrderLine("P-0001", "Lamp", 2, 19.99m), new OrderLine("P-0002", "Désk 'n \"chair\"", 1, 149.50m)],
                "EUR",
                "1 Main Street, Springfield",
                i == 1 ? "Ring twice" : null,
                Some.Now,
                Some.Now.AddDays(2),
                i == 0 ? null : (Some.Now.AddDays(1), 200.00m),
                [
                    Step(id, 1, null, OrderStatus.Pending),
                    Step(id, 2, OrderStatus.Pending, OrderStatus.Confirmed),
                    Step(id, 4, OrderStatus.Confirmed, i == 0 ? OrderStatus.Cancelled : OrderStatus.Delivered),
                ])));

        static OrderHistoryEntry Step(Guid id, int sequence, OrderStatus? from, OrderStatus to) => new()
        {
            OrderId = id, Sequence = sequence, From = from, To = to, At = Some.Now.AddDays(sequence), Reason = "Told", By = "system",
        };
    }

    /// <summary>All rows that belong to orders, without the ids that each order's parts get anew.</summary>
    private static async Task<List<string>> RowsAsync(OrdersDbContext database) => await database.Database
        .SqlQuery<string>(
            $"""
            SELECT row::text AS "Value"
            FROM (SELECT to_jsonb(o) AS row FROM orders o
                  UNION ALL SELECT to_jsonb(i) - 'id' FROM order_items i
                  UNION ALL SELECT to_jsonb(h) FROM order_history h
                  UNION ALL SELECT to_jsonb(m) - 'id' FROM outbox_messages m
                  UNION ALL SELECT to_jsonb(k) FROM idempotency_keys k
                  UNION ALL SELECT to_jsonb(e) FROM imported_orders e) AS rows
            ORDER BY 1
            """)
        .ToListAsync();

    private static async Task<Dictionary<string, (string Type, bool MayBeLeftOut)>> ColumnsAsync(OrdersDbContext database)
    {
        var columns = await database.Database
            .SqlQuery<string>(
                $"""
                SELECT format('%s.%s|%s|%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '') AS "Value"
                FROM pg_attribute a
                JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
                WHERE a.attnum > 0 AND NOT a.attisdropped AND t.relname <> '__EFMigrationsHistory'
                """)
            .ToListAsync();
        return columns.Select(column => column.Split('|')).ToDictionary(parts => parts[0], parts => (parts[1], parts[2] == "t"));
    }

    private static async Task<List<string>> DescribeAsync(OrdersDbContext database) => await database.Database
        .SqlQuery<string>(
            $"""
            SELECT format('%s.%s %s%s%s%s', t.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                          CASE WHEN a.attnotnull THEN ' not null' ELSE '' END,
                          CASE WHEN a.attidentity <> '' THEN ' identity ' || a.attidentity::text ELSE '' END,
                          coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')) AS "Value"
            FROM pg_attribute a
            JOIN pg_class t ON t.oid = a.attrelid AND t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attnum > 0 AND NOT a.attisdropped AND t.relname <> '__EFMigrationsHistory'
            UNION ALL
            SELECT format('%s with %s', coalesce(owner.relname || ' toast', t.relname), option)
            FROM pg_class t
            LEFT JOIN pg_class owner ON owner.reltoastrelid = t.oid
            CROSS JOIN unnest(t.reloptions) AS option
            WHERE 'public'::regnamespace IN (t.relnamespace, owner.relnamespace)
            UNION ALL
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__EFMigrationsHistory'
            UNION ALL
            SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%EFMigrationsHistory%'
            ORDER BY 1
            """)
        .ToListAsync();

    private static Task<(int ExitCode, string Output)> MigrateAsync(string connectionString) => ProgramRun.ToEndAsync(
        "dotnet",
        [Path.Combine(AppContext.BaseDirectory, "OrderService.Worker.dll"), "migrate"],
        ($"ConnectionStrings__{ResourceNames.Orders}", connectionString));
}
