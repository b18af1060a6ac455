using System.Net;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Tests.Shop;
using OrderService.Worker.Outbox;

namespace OrderService.Tests;

[Collection(OneShop.Name)]
public sealed class RelayTests(ShopFixture shop)
{
    [Fact]
    public async Task What_kafka_refuses_for_good_is_parked_and_only_its_own_order_waits_behind_it()
    {
        var (customer, other) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(order, 1);

        // Larger than the producer and the broker accept.
        await shop.ScalarAsync<long>(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            VALUES (gen_random_uuid(), $1, $2, 'EVENTS', 2, 'io.cloudforge.order.confirmed.v1', repeat('x', 3000000), now())
            """,
            order,
            OutboxMessage.ShardOf(order));
        await customer.CancelAsync(order);
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>("SELECT error FROM outbox_messages WHERE order_id = $1 AND parked_at IS NOT NULL", order),
            error => error is { Length: > 0 },
            "the message being parked with its reason");

        var unaffected = (await other.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await other.CancelAsync(unaffected);
        Assert.Equal([1, 2], (await shop.Events.WaitAsync(unaffected, 2)).Select(e => e.Sequence));
        Assert.Equal(["placed"], shop.Events.Of(order).Select(e => e.Name));
        Assert.Equal(2, await shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages WHERE order_id = $1 AND channel = 'EVENTS'", order));

        await shop.ScalarAsync<long>("DELETE FROM outbox_messages WHERE order_id = $1 AND parked_at IS NOT NULL", order);
        Assert.Equal(["placed", "cancelled"], (await shop.Events.WaitAsync(order, 2)).Select(e => e.Name));
    }

    /// <summary>As it is after a worker died that had sent both and deleted neither.</summary>
    [Fact]
    public async Task A_commit_that_is_repeated_after_the_release_behind_it_needs_nobody_and_one_without_a_release_is_parked()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var (cancelled, released) = ((await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id, (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        (await customer.CancelAsync(cancelled)).Is(HttpStatusCode.OK);
        Assert.Equal(HttpStatusCode.NoContent, (await shop.Products.DeleteAsync($"/api/reservations/{released}")).StatusCode);
        await Eventually.SeeAsync(() => LeftAsync(cancelled), left => left == 0, "the release being sent");

        await shop.WithoutWorkerAsync(async () =>
        {
            await AddAsync(cancelled, "reservation.commit");
            await AddAsync(cancelled, "reservation.release");
            await AddAsync(released, "reservation.commit");
        });

        await Eventually.SeeAsync(() => LeftAsync(cancelled), left => left == 0, "the repeated commit and release being done with");
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>("SELECT error FROM outbox_messages WHERE order_id = $1 AND parked_at IS NOT NULL", released),
            error => error?.Contains("reservation-released", StringComparison.Ordinal) == true,
            "the commit that nothing follows being parked");
        await shop.ScalarAsync<long>("DELETE FROM outbox_messages WHERE order_id = $1", released);

        Task<long> LeftAsync(Guid order) => shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages WHERE order_id = $1", order);

        Task<long> AddAsync(Guid order, string type) => shop.ScalarAsync<long>(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            VALUES (gen_random_uuid(), $1, $2, 'RESERVATIONS', 0, $3, '{}', now())
            """,
            order,
            OutboxMessage.ShardOf(order),
            type);
    }

    [Fact]
    public async Task A_relays_looks_are_never_compiled_which_would_take_longer_than_all_they_do()
    {
        await using var session = await shop.Database.OpenConnectionAsync();
        await using var table = await OutboxTable.PrepareAsync(session, OutboxChannel.Events, conclusion: null, batchSize: 100, default);

        // A sequence can only be read whole, as ReadFloor does.
        await using var look = new NpgsqlCommand("EXPLAIN (ANALYZE) SELECT last_value FROM outbox_messages_position_seq", session);
        var plan = new List<string>();
        await using (var reader = await look.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                plan.Add(reader.GetString(0));
            }
        }

        Assert.NotEmpty(plan);
        Assert.DoesNotContain(plan, line => line.StartsWith("JIT", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_sudden_backlog_of_which_PostgreSQL_has_no_statistics_is_never_read_whole()
    {
        await using var database = await shop.NewDatabaseAsync("backlog");
        await database.Database.MigrateAsync();
        await using var session = new NpgsqlConnection(database.Database.GetConnectionString());
        await session.OpenAsync();
        await using var table = await OutboxTable.PrepareAsync(session, OutboxChannel.Events, conclusion: null, batchSize: 100, default);
        await using var transaction = await session.BeginTransactionAsync();
        await using (var backlog = new NpgsqlCommand(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            SELECT gen_random_uuid(), gen_random_uuid(), 1, 'EVENTS', 1, 'io.cloudforge.order.placed.v1', '{}', now()
            FROM generate_series(1, 20000)
            """,
            session))
        {
            await backlog.ExecuteNonQueryAsync();
        }

        var rows = await table.ExchangeAsync([], [1], [], floor: 0);
        rows = await table.ExchangeAsync([.. rows.Select(row => row.Position)], [1], [.. rows.Select(row => row.OrderId)], floor: 0);

        Assert.Equal(100, rows.Count);
        await using var scans = new NpgsqlCommand("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'outbox_messages'", session);
        Assert.Equal(0L, await scans.ExecuteScalarAsync());
    }
}
