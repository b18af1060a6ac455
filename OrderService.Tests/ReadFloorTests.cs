using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;
using OrderService.Tests.Shop;
using OrderService.Worker.Outbox;

namespace OrderService.Tests;

/// <summary>Where relays begin to read. The rows are of shards that no relay owns, since there are none of that number.</summary>
[Collection(OneShop.Name)]
public sealed class ReadFloorTests(ShopFixture shop)
{
    private const string Channel = "EVENTS";
    private const short Shard = OutboxMessage.Shards + 1;
    private const short OtherShard = OutboxMessage.Shards + 2;

    [Fact]
    public async Task A_row_that_becomes_visible_after_later_ones_is_never_below_the_floor()
    {
        await using var session = await shop.Database.OpenConnectionAsync();
        var floor = new ReadFloor(session, Channel);
        await using var late = await shop.Database.OpenConnectionAsync();
        await using var transaction = await late.BeginTransactionAsync();
        var position = await InsertAsync(late, Shard);
        var behind = await InsertAsync(session, Shard);

        await RaiseAsync(floor, Shard);
        Assert.InRange(floor.Position, 0, position);

        await transaction.CommitAsync();
        await RaiseUntilAsync(floor, raised => raised == position, Shard);

        await DeleteAsync(session, position);
        await RaiseUntilAsync(floor, raised => raised == behind, Shard);

        await DeleteAsync(session, behind);
        await RaiseUntilAsync(floor, raised => raised > behind, Shard);
    }

    [Fact]
    public async Task The_floor_passes_rows_of_others_and_comes_down_when_their_shard_is_taken_over()
    {
        await using var session = await shop.Database.OpenConnectionAsync();
        var floor = new ReadFloor(session, Channel);
        var others = await InsertAsync(session, OtherShard);

        await RaiseUntilAsync(floor, raised => raised > others, Shard);

        await floor.RaiseAsync([Shard, OtherShard], default);
        Assert.InRange(floor.Position, 0, others);

        await RaiseUntilAsync(floor, raised => raised == others, Shard, OtherShard);
        await DeleteAsync(session, others);
    }

    [Fact]
    public void A_notification_wakes_the_relays_of_its_channel_and_one_that_names_none_wakes_all()
    {
        Assert.True(OutboxWakeup.IsFor("EVENTS", OutboxChannel.Events));
        Assert.False(OutboxWakeup.IsFor("EVENTS", OutboxChannel.Reservations));
        Assert.True(OutboxWakeup.IsFor("", OutboxChannel.Events));
        Assert.True(OutboxWakeup.IsFor("", OutboxChannel.Reservations));
    }

    private static async Task<long> InsertAsync(NpgsqlConnection connection, short shard)
    {
        await using var insert = new NpgsqlCommand(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            VALUES (gen_random_uuid(), gen_random_uuid(), $1, 'EVENTS', 1, 'io.cloudforge.order.placed.v1', '{}', now())
            RETURNING position
            """,
            connection) { Parameters = { new() { Value = shard } } };
        return (long)(await insert.ExecuteScalarAsync())!;
    }

    private static async Task DeleteAsync(NpgsqlConnection connection, long position)
    {
        await using var delete = new NpgsqlCommand("DELETE FROM outbox_messages WHERE position = $1", connection) { Parameters = { new() { Value = position } } };
        await delete.ExecuteNonQueryAsync();
    }

    /// <summary>Often enough to pass everything that may be passed.</summary>
    private static async Task RaiseAsync(ReadFloor floor, short shard)
    {
        for (var i = 0; i < 10; i++)
        {
            await floor.RaiseAsync([shard], default);
        }
    }

    private static Task<long> RaiseUntilAsync(ReadFloor floor, Func<long, bool> isThere, params short[] shards) => Eventually.SeeAsync(
        async () =>
        {
            await floor.RaiseAsync(shards, default);
            return floor.Position;
        },
        isThere,
        "the floor being raised");
}
