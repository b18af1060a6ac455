using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Core.Messaging;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What operators see of messages that did not arrive, and what they can do about it.</summary>
[Collection(OneShop.Name)]
public sealed class OperationsTests(ShopFixture shop)
{
    private const string Paid = "io.cloudforge.payment.succeeded.v1";

    private static readonly Guid Operator = Guid.NewGuid();

    private static readonly (string, string) Role = ("X-User-Roles", "orders:operate");

    private static readonly string[] Routes =
    [
        "GET /api/operations/summary",
        "GET /api/operations/orders",
        "GET /api/operations/orders/01234567-89ab-7def-8123-456789abcdef",
        "GET /api/operations/outbox",
        "GET /api/operations/export",
        "GET /api/operations/dead-letters",
        "GET /api/operations/dead-letters/01234567-89ab-7def-8123-456789abcdef",
        "POST /api/operations/dead-letters/01234567-89ab-7def-8123-456789abcdef/replay",
        "POST /api/operations/dead-letters/replay",
    ];

    [Fact]
    public async Task Operations_are_for_those_who_have_the_role()
    {
        foreach (var route in Routes.Select(route => route.Split(' ')))
        {
            using var request = new HttpRequestMessage(new HttpMethod(route[0]), route[1]);
            (await Answer.ReadAsync(await shop.Api.SendAsync(request))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
            (await shop.NewCustomer().SendAsync(new HttpMethod(route[0]), route[1], null)).IsProblem(HttpStatusCode.Forbidden, "forbidden");
        }
    }

    [Fact]
    public async Task A_parked_event_is_listed_and_read_and_has_its_effect_when_it_is_replayed()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        var body = $$"""{"orderId":"{{order}}","amount":10.00,"currency":"EUR"}""";
        var id = await ParkAsync(order, Encoding.UTF8.GetBytes(body), attempts: 10);

        var listed = Assert.Single(await ListAsync($"?direction=inbound&orderId={order}"));
        var read = (await OperateAsync(HttpMethod.Get, $"/dead-letters/{id}")).Is(HttpStatusCode.OK);
        var replayed = (await OperateAsync(HttpMethod.Post, $"/dead-letters/{id}/replay")).Is(HttpStatusCode.OK);

        foreach (var message in new[] { listed, read.Body })
        {
            Assert.Equal(
                (id, "INBOUND", "PARKED", "cloudforge.payments", order.ToString(), Paid, "Seemed wrong", 10),
                (message.GetProperty("id").GetGuid(), Text(message, "direction"), Text(message, "state"), Text(message, "source"), Text(message, "key"),
                    Text(message, "type"), Text(message, "error"), message.GetProperty("attempts").GetInt32()));
        }

        Assert.Equal(("utf-8", body), (Text(read.Body, "payloadEncoding"), Text(read.Body, "payload")));
        Assert.Equal("/tests", Text(read.Body.GetProperty("headers"), "ce_source"));
        Assert.Equal(("WAITING", 0), (Text(replayed.Body, "state"), replayed.Body.GetProperty("attempts").GetInt32()));
        await customer.WaitAsync(order, "CONFIRMED");
        await Eventually.SeeAsync(
            async () => (await OperateAsync(HttpMethod.Post, $"/dead-letters/{id}/replay")).Status, status => status == HttpStatusCode.NotFound, "the message being gone");
        Assert.Empty(await ListAsync($"?orderId={order}"));
    }

    [Fact]
    public async Task An_event_that_stays_too_early_is_parked_after_its_last_try_and_has_its_effect_when_it_is_replayed_in_time()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        JsonElement parked = default;
        await shop.WithoutWorkerAsync(async () =>
        {
            using var worker = await WorkerProcess.StartAsync(shop, ("Consumer:MaxAttempts", "3"), ("Consumer:MinBackoff", "00:00:00.010"));
            await shop.Publisher.FulfilledAsync("picked", order);
            parked = Assert.Single(await Eventually.SeeAsync(
                () => ListAsync($"?direction=inbound&orderId={order}"), messages => messages.Count > 0, "the event being parked"));
        });

        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await customer.WaitAsync(order, "CONFIRMED");
        (await OperateAsync(HttpMethod.Post, $"/dead-letters/{Text(parked, "id")}/replay")).Is(HttpStatusCode.OK);

        Assert.Equal(3, parked.GetProperty("attempts").GetInt32());
        Assert.Contains("not that far yet", Text(parked, "error"), StringComparison.Ordinal);
        await customer.WaitAsync(order, "PROCESSING");
    }

    [Fact]
    public async Task What_kafka_refused_is_listed_and_read_and_goes_out_in_order_when_it_is_mended_and_replayed()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(order, 1);
        await shop.ScalarAsync<long>(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at)
            VALUES (gen_random_uuid(), $1, $2, 'EVENTS', 2, 'io.cloudforge.order.confirmed.v1', repeat('x', 3000000), now())
            """,
            order,
            OutboxMessage.ShardOf(order));
        await shop.ScalarAsync<long>("UPDATE orders SET last_sequence = 2 WHERE id = $1", order);
        await customer.CancelAsync(order);

        var listed = Assert.Single(await Eventually.SeeAsync(
            () => ListAsync($"?direction=OUTBOUND&orderId={order}"), parked => parked.Count > 0, "the refused event being parked"));
        var id = listed.GetProperty("id").GetGuid();
        Assert.Equal(("OUTBOUND", "EVENTS", order.ToString()), (Text(listed, "direction"), Text(listed, "source"), Text(listed, "key")));
        Assert.Contains("Kafka refuses", Text(listed, "error"), StringComparison.Ordinal);
        Assert.Equal(3_000_000, Text((await OperateAsync(HttpMethod.Get, $"/dead-letters/{id}")).Is(HttpStatusCode.OK).Body, "payload").Length);
        Assert.InRange((await OperateAsync(HttpMethod.Get, "/outbox")).Body.GetProperty("parked").GetInt32(), 1, 10_000);

        await shop.ScalarAsync<long>(
            "UPDATE outbox_messages SET payload = $2 WHERE id = $1",
            id,
            $$"""{"orderId":"{{order}}","userId":"{{customer.UserId}}","status":"CONFIRMED","at":"2026-11-22T10:00:00Z"}""");
        var replayed = (await OperateAsync(HttpMethod.Post, $"/dead-letters/{id}/replay")).Is(HttpStatusCode.OK);

        Assert.Equal("WAITING", Text(replayed.Body, "state"));
        Assert.Equal([1, 2, 3], (await shop.Events.WaitAsync(order, 3)).Select(e => e.Sequence));
        Assert.Equal(id.ToString(), shop.Events.Of(order)[1].Id);
        Assert.Empty(await ListAsync($"?orderId={order}"));
    }

    [Fact]
    public async Task Replaying_twice_is_replaying_once()
    {
        var nobody = Guid.CreateVersion7();
        var inbound = await ParkAsync(nobody, Encoding.UTF8.GetBytes($$"""{"orderId":"{{nobody}}","amount":10.00,"currency":"EUR"}"""));

        var first = (await OperateAsync(HttpMethod.Post, $"/dead-letters/{inbound}/replay")).Is(HttpStatusCode.OK);
        var second = (await OperateAsync(HttpMethod.Post, $"/dead-letters/{inbound}/replay")).Is(HttpStatusCode.OK);

        Assert.Equal(("WAITING", "WAITING"), (Text(first.Body, "state"), Text(second.Body, "state")));
        Assert.Equal("WAITING", Text(Assert.Single(await ListAsync($"?state=waiting&orderId={nobody}")), "state"));
        Assert.Empty(await ListAsync($"?orderId={nobody}"));
        await shop.ScalarAsync<long>("DELETE FROM parked_messages WHERE id = $1", inbound);
    }

    [Fact]
    public async Task An_outbound_message_that_is_replayed_and_not_sent_yet_stays_as_it_is()
    {
        var order = Guid.CreateVersion7();
        var id = Guid.CreateVersion7();
        await shop.WithoutWorkerAsync(async () =>
        {
            await shop.ScalarAsync<long>(
                """
                INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at, parked_at, error)
                VALUES ($1, $2, $3, 'EVENTS', 1, 'io.cloudforge.order.shipped.v1', $4, now(), now(), 'Refused')
                """,
                id,
                order,
                OutboxMessage.ShardOf(order),
                $$"""{"orderId":"{{order}}","userId":"{{order}}","status":"SHIPPED","at":"2026-11-22T10:00:00Z"}""");

            (await OperateAsync(HttpMethod.Post, $"/dead-letters/{id}/replay")).Is(HttpStatusCode.OK);
            var again = (await OperateAsync(HttpMethod.Post, $"/dead-letters/{id}/replay")).Is(HttpStatusCode.OK);
            var outbox = (await OperateAsync(HttpMethod.Get, "/outbox")).Is(HttpStatusCode.OK).Body;

            Assert.Equal("WAITING", Text(again.Body, "state"));
            Assert.InRange(outbox.GetProperty("depth").GetInt32(), 1, 10_000);
            Assert.True(outbox.GetProperty("lagSeconds").GetDouble() > 0);
            Assert.Equal(["EVENTS", "RESERVATIONS"], outbox.GetProperty("channels").EnumerateArray().Select(channel => Text(channel, "channel")));
        });

        Assert.Equal(["shipped"], (await shop.Events.WaitAsync(order, 1)).Select(e => e.Name));
    }

    [Fact]
    public async Task Many_are_replayed_by_a_filter_and_never_more_than_asked_for()
    {
        var nobody = Guid.CreateVersion7();
        var type = $"io.cloudforge.test.{nobody}";
        for (var i = 0; i < 3; i++)
        {
            await ParkAsync(nobody, "{}"u8.ToArray(), type);
        }

        await ParkAsync(Guid.CreateVersion7(), "{}"u8.ToArray(), type);

        var two = await OperateAsync(HttpMethod.Post, "/dead-letters/replay", new { direction = "INBOUND", type, orderId = nobody, limit = 2 });
        Assert.Equal(2, two.Is(HttpStatusCode.OK).Body.GetProperty("replayed").GetInt32());

        // Unreadable as they are, they are parked again with what is wrong now.
        await Eventually.SeeAsync(
            () => ListAsync($"?type={type}&orderId={nobody}"),
            parked => parked.Count == 3 && parked.Count(message => Text(message, "error").Contains("is not one of", StringComparison.Ordinal)) == 2,
            "two of three being tried and parked again");
        var others = await OperateAsync(HttpMethod.Post, "/dead-letters/replay", new { type = $"{type}.none" });
        Assert.Equal(0, others.Is(HttpStatusCode.OK).Body.GetProperty("replayed").GetInt32());
    }

    [Fact]
    public async Task Pages_go_from_the_newest_to_the_oldest_and_leave_out_none()
    {
        var nobody = Guid.CreateVersion7();
        var parked = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            parked.Insert(0, await ParkAsync(nobody, "{}"u8.ToArray()));
        }

        var seen = new List<Guid>();
        var next = $"/api/operations/dead-letters?orderId={nobody}&size=2";
        while (next is not null)
        {
            var page = (await new Customer(shop.Api, Operator).GetAsync(next, Role)).Is(HttpStatusCode.OK);
            seen.AddRange(page.Body.GetProperty("items").EnumerateArray().Select(message => message.GetProperty("id").GetGuid()));
            next = page.Body.GetProperty("next").GetString();
            Assert.Equal(next is null ? null : $"<{next}>; rel=\"next\"", page.Response.Headers.TryGetValues("Link", out var links) ? links.Single() : null);
        }

        Assert.Equal(parked, seen);
    }

    [Fact]
    public async Task A_body_that_is_no_text_is_shown_in_base64()
    {
        byte[] body = [0xFF, 0x00, 0xFE];
        var id = await ParkAsync(Guid.CreateVersion7(), body);

        var read = (await OperateAsync(HttpMethod.Get, $"/dead-letters/{id}")).Is(HttpStatusCode.OK);

        Assert.Equal(("base64", Convert.ToBase64String(body)), (Text(read.Body, "payloadEncoding"), Text(read.Body, "payload")));
    }

    [Theory]
    [InlineData("?direction=sideways", "direction")]
    [InlineData("?state=lost", "state")]
    [InlineData("?orderId=1", "orderId")]
    [InlineData("?size=0", "size")]
    [InlineData("?size=101", "size")]
    [InlineData("?cursor=x", "cursor")]
    [InlineData("?cursor=99999999999999999999.01234567-89ab-7def-8123-456789abcdef", "cursor")]
    [InlineData("?type=%00", "type")]
    public async Task A_query_that_cannot_be_is_refused_by_its_field(string query, string field)
    {
        var refused = (await OperateAsync(HttpMethod.Get, $"/dead-letters{query}")).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(refused.Body.GetProperty("errors").TryGetProperty(field, out _), refused.ToString());
    }

    [Theory]
    [InlineData("GET", "/dead-letters/nonsense")]
    [InlineData("GET", "/dead-letters/01234567-89ab-7def-8123-456789abcdef")]
    [InlineData("POST", "/dead-letters/01234567-89ab-7def-8123-456789abcdef/replay")]
    public async Task An_unknown_message_is_a_404(string method, string path) =>
        (await OperateAsync(new HttpMethod(method), path)).IsProblem(HttpStatusCode.NotFound, "dead-letter-not-found");

    private static string Text(JsonElement json, string field) => json.GetProperty(field).GetString() ?? "";

    private Task<Answer> OperateAsync(HttpMethod method, string path, object? body = null) =>
        new Customer(shop.Api, Operator).SendAsync(method, $"/api/operations{path}", body, Role);

    private async Task<List<JsonElement>> ListAsync(string query) =>
        [.. (await OperateAsync(HttpMethod.Get, $"/dead-letters{query}")).Is(HttpStatusCode.OK).Body.GetProperty("items").EnumerateArray()];

    /// <summary>Puts a message where the consumer puts those that it could not handle.</summary>
    private async Task<Guid> ParkAsync(Guid order, byte[] body, string type = Paid, int attempts = 1)
    {
        var id = Guid.NewGuid();
        var headers = JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["ce_id"] = id.ToString(),
            ["ce_type"] = type,
            ["ce_source"] = "/tests",
        });
        await shop.ScalarAsync<long>(
            """
            INSERT INTO parked_messages (id, topic, key, headers, payload, error, attempts, failed_at)
            VALUES ($1, 'cloudforge.payments', $2, $3::jsonb, $4, 'Seemed wrong', $5, clock_timestamp())
            """,
            id,
            order.ToString(),
            headers,
            body,
            attempts);
        return id;
    }
}
