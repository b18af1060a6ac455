using System.Text;
using System.Text.Json;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

public sealed class EventCatalogTests
{
    [Fact]
    public void Every_message_type_has_a_line() => EventCatalog.Verify();

    [Fact]
    public void The_published_names_are_those_of_the_contract() => Assert.Equal(
        [
            "io.cloudforge.order.cancelled.v1",
            "io.cloudforge.order.confirmed.v1",
            "io.cloudforge.order.delivered.v1",
            "io.cloudforge.order.items-cancelled.v1",
            "io.cloudforge.order.placed.v1",
            "io.cloudforge.order.processing.v1",
            "io.cloudforge.order.refund-required.v1",
            "io.cloudforge.order.shipped.v1",
        ],
        EventCatalog.Published.Where(type => type.Channel == OutboxChannel.Events).Select(type => type.Name).Order(StringComparer.Ordinal));

    [Fact]
    public void The_accepted_names_are_those_of_the_contract() => Assert.Equal(
        [
            "io.cloudforge.fulfilment.delivered.v1",
            "io.cloudforge.fulfilment.picked-up.v1",
            "io.cloudforge.fulfilment.picked.v1",
            "io.cloudforge.payment.failed.v1",
            "io.cloudforge.payment.succeeded.v1",
        ],
        EventCatalog.AcceptedNames.Order(StringComparer.Ordinal));

    [Fact]
    public void Bodies_are_camel_case_with_upper_case_states_and_numbers_for_amounts()
    {
        var order = Some.OrderThatIs(OrderStatus.Pending);
        order.Cancel("No", Some.Now);

        var (_, _, payload) = EventCatalog.Serialize(Assert.Single(order.Take().Events).Event);

        var body = JsonDocument.Parse(payload).RootElement;
        Assert.Equal("CANCELLED", body.GetProperty("status").GetString());
        Assert.Equal(order.Id, body.GetProperty("orderId").GetGuid());
        Assert.Equal("2026-11-22T10:00:00Z", body.GetProperty("at").GetString());
    }

    [Theory]
    [InlineData(null, "{}")]
    [InlineData("io.cloudforge.payment.succeeded.v2", "{}")]
    [InlineData("io.cloudforge.order.placed.v1", "{}")]
    [InlineData("io.cloudforge.payment.succeeded.v1", "")]
    [InlineData("io.cloudforge.payment.succeeded.v1", "null")]
    [InlineData("io.cloudforge.payment.succeeded.v1", "[]")]
    [InlineData("io.cloudforge.payment.succeeded.v1", "{}")]
    [InlineData("io.cloudforge.payment.succeeded.v1", """{"orderId":"no uuid"}""")]
    [InlineData("io.cloudforge.payment.succeeded.v1", """{"orderId":"0198c0de-0000-7000-8000-000000000001","amount":"lots"}""")]
    public void What_cannot_be_read_is_refused_with_its_reason(string? type, string body)
    {
        var refusal = Assert.Throws<UnreadableEventException>(() => EventCatalog.Read(type, Encoding.UTF8.GetBytes(body)));

        Assert.NotEmpty(refusal.Message);
    }

    [Fact]
    public void Shards_are_spread_over_orders_and_the_same_at_every_look()
    {
        var orders = Enumerable.Range(0, 2_000).Select(_ => Guid.CreateVersion7()).ToList();

        var shards = orders.Select(OutboxMessage.ShardOf).ToList();

        Assert.Equal(shards, orders.Select(OutboxMessage.ShardOf));
        Assert.Equal(Enumerable.Range(0, OutboxMessage.Shards), shards.Distinct().Select(shard => (int)shard).Order());
    }
}
