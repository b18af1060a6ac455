using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Diagnostics;
using Npgsql;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Migrations are written by hand; here they are held to the model.</summary>
[Collection(OneShop.Name)]
public sealed class SchemaTests(ShopFixture shop)
{
    [Fact]
    public async Task The_migrated_schema_is_the_models()
    {
        await using var migrated = await NewDatabaseAsync("migrated");
        await using var created = await NewDatabaseAsync("created");

        await migrated.Database.MigrateAsync();
        await created.Database.EnsureCreatedAsync();

        Assert.Equal(await DescribeAsync(created), await DescribeAsync(migrated));
    }

    [Fact]
    public async Task Every_migration_can_be_undone()
    {
        await using var database = await NewDatabaseAsync("undone");
        await database.Database.MigrateAsync();

        await database.Database.MigrateAsync("0");

        Assert.Empty(await DescribeAsync(database));
    }

    [Fact]
    public async Task A_migration_that_fails_ends_with_one_message_that_says_why_and_leaves_nothing_behind()
    {
        await using var database = await NewDatabaseAsync("broken");
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
        await using var database = await NewDatabaseAsync("paid");
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
        await using var database = await NewDatabaseAsync("twice");

        Assert.Equal(0, (await MigrateAsync(database.Database.GetConnectionString()!)).ExitCode);
        Assert.Equal(0, (await MigrateAsync(database.Database.GetConnectionString()!)).ExitCode);
    }

    private async Task<OrdersDbContext> NewDatabaseAsync(string name)
    {
        var server = new NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders));
        var database = $"{name}_{Guid.NewGuid():N}";
        await using var create = shop.Database.CreateCommand($"CREATE DATABASE {database}");
        await create.ExecuteNonQueryAsync();
        server.Database = database;
        server.Pooling = false;
        return new OrdersDbContext(new DbContextOptionsBuilder<OrdersDbContext>()
            .UseNpgsql(server.ConnectionString)
            .ConfigureWarnings(warnings => warnings.Ignore(RelationalEventId.PendingModelChangesWarning))
            .Options);
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
            SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__EFMigrationsHistory'
            UNION ALL
            SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
            FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text NOT LIKE '%EFMigrationsHistory%'
            ORDER BY 1
            """)
        .ToListAsync();

    private static async Task<(int ExitCode, string Output)> MigrateAsync(string connectionString)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "OrderService.Worker.dll"), "migrate"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [$"ConnectionStrings__{ResourceNames.Orders}"] = connectionString },
        };
        using var worker = Process.Start(start)!;
        var output = worker.StandardOutput.ReadToEndAsync();
        var errors = worker.StandardError.ReadToEndAsync();
        await worker.WaitForExitAsync();
        return (worker.ExitCode, await output + await errors);
    }
}
