using System.Globalization;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderService.Api.Operations;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using OrderService.Tests.Rules;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What operators see of orders: how they are getting on, which there are, and the story of one.</summary>
[Collection(OneShop.Name)]
public sealed class OperationsOrdersTests(ShopFixture shop)
{
    private static readonly (string, string) Role = ("X-User-Roles", "orders:operate");

    [Fact]
    public async Task The_summary_tells_states_steps_and_minutes()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);

        var summary = await Eventually.SeeAsync(
            async () => (await OperateAsync("/summary")).Is(HttpStatusCode.OK).Body,
            seen => Rows(seen, "steps").Any(step => (Text(step, "from"), Text(step, "to")) == ("PENDING", "CANCELLED")),
            "an order that was cancelled");

        Assert.Equal(Enum.GetValues<OrderStatus>().Select(UpperCase.NameOf), Rows(summary, "states").Select(state => Text(state, "status")));
        Assert.Equal(summary.GetProperty("orders").GetInt32(), Rows(summary, "states").Sum(state => state.GetProperty("count").GetInt32()));
        Assert.Equal(60, Rows(summary, "minutes").Count);
        Assert.True(Rows(summary, "minutes").TakeLast(2).Sum(minute => minute.GetProperty("placed").GetInt32()) > 0);
    }

    [Fact]
    public async Task A_minute_that_is_over_is_counted_once_and_the_others_again()
    {
        await using var database = await NewDatabaseAsync("figures");
        await using var source = NpgsqlDataSource.Create(database.Database.GetConnectionString()!);
        var time = new SetTime(Some.Now.AddSeconds(30));
        var noon = time.Now;
        using var figures = new OrderFigures(source, time);
        await PlaceAsync(noon.AddMinutes(-60));
        await PlaceAsync(noon.AddMinutes(-59));
        await PlaceAsync(noon.AddMinutes(-59));
        await PlaceAsync(noon);
        await PlaceAsync(noon, order => order.Cancel(null, noon));
        await PlaceAsync(noon, order => order.Apply(new PaymentSucceeded(order.Id, 10.00m, "EUR"), noon));

        var first = await figures.ReadAsync(CancellationToken.None);
        await PlaceAsync(noon);
        time.Now += TimeSpan.FromSeconds(1);
        Assert.Same(first, await figures.ReadAsync(CancellationToken.None));
        time.Now += TimeSpan.FromSeconds(1);
        var second = await figures.ReadAsync(CancellationToken.None);
        time.Now += TimeSpan.FromMinutes(1);
        await PlaceAsync(noon);
        var third = await figures.ReadAsync(CancellationToken.None);
        time.Now += TimeSpan.FromMinutes(5);
        await figures.ReadAsync(CancellationToken.None);
        await PlaceAsync(noon);
        time.Now += TimeSpan.FromSeconds(2);
        var fourth = await figures.ReadAsync(CancellationToken.None);

        Assert.Equal((6, 10_000, noon.AddMinutes(-60)), (first.Orders, first.CountedTo, first.Since));
        Assert.Equal([4, 1, 0, 0, 0, 1], first.States.Select(state => state.Count));
        Assert.Equal(
            [(OrderStatus.Pending, OrderStatus.Confirmed, 1), (OrderStatus.Pending, OrderStatus.Cancelled, 1)],
            first.Steps.Select(step => (step.From, step.To, step.Count)));
        Assert.Equal([2, .. Enumerable.Repeat(0, 58), 3], first.Minutes.Select(minute => minute.Placed));
        Assert.Equal(Some.Now, first.Minutes[^1].At);
        Assert.Equal([0, 4], second.Minutes.TakeLast(2).Select(minute => minute.Placed));
        Assert.Equal([5, 0], third.Minutes.TakeLast(2).Select(minute => minute.Placed));
        Assert.Equal([5, 0, 0, 0, 0, 0, 0], fourth.Minutes.TakeLast(7).Select(minute => minute.Placed));

        async Task PlaceAsync(DateTimeOffset at, Action<Order>? then = null)
        {
            var order = Order.Place(Guid.CreateVersion7(at), Guid.NewGuid(), [new OrderLine("P-0001", "Lamp", 1, 10.00m)], "EUR", "here", null, null, at);
            database.Add(order);
            await database.SaveChangesAsync();
            if (then is not null)
            {
                then(order);
                await database.SaveChangesAsync();
            }
        }
    }

    [Fact]
    public async Task However_many_orders_there_are_no_more_than_the_newest_are_looked_at()
    {
        await using var database = await NewDatabaseAsync("many");
        await using var source = NpgsqlDataSource.Create(database.Database.GetConnectionString()!);
        using var figures = new OrderFigures(source, TimeProvider.System);
        await database.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, created_at, updated_at, version, last_sequence)
            SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, gen_random_uuid(),
                   CASE WHEN n <= 5 THEN 'PENDING' ELSE 'DELIVERED' END, 10.00, 'EUR', 'here', now(), now(), 1, 0
            FROM generate_series(1, 10010) AS n
            """);

        var summary = await figures.ReadAsync(CancellationToken.None);
        var first = await SearchAsync(null);
        var second = await SearchAsync(QueryHelpers.ParseQuery(first.Next)["cursor"]);

        Assert.Equal(10_000, summary.Orders);
        Assert.Equal([0, 0, 0, 0, 10_000, 0], summary.States.Select(state => state.Count));
        Assert.Empty(first.Items);
        Assert.Equal([5, 4, 3, 2, 1], second.Items.Select(order => int.Parse(order.Id.ToString("N")[20..], CultureInfo.InvariantCulture)));
        Assert.Null(second.Next);

        async Task<FoundOrderPage> SearchAsync(string? cursor)
        {
            var answer = await SearchOrders.HandleAsync(
                new SearchOrdersQuery { Status = "PENDING", Cursor = cursor }, database, new DefaultHttpContext(), CancellationToken.None);
            return Assert.IsType<Ok<FoundOrderPage>>(answer.Result).Value!;
        }
    }

    [Fact]
    public async Task Orders_of_a_customer_and_of_all_are_found_newest_first_in_pages_that_lead_to_each_other()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var placed = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            placed.Insert(0, (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        }

        (await customer.CancelAsync(placed[1])).Is(HttpStatusCode.OK);
        (await customer.CancelAsync(placed[3])).Is(HttpStatusCode.OK);

        Assert.Equal(placed, await FollowAsync($"?userId={customer.UserId}&size=2"));
        Assert.Equal([placed[1], placed[3]], await FollowAsync($"?userId={customer.UserId}&status=CANCELLED&size=1"));
        Assert.Empty(await FollowAsync($"?userId={Guid.NewGuid()}"));
        Assert.Equal(placed, (await FollowAsync("?size=3", pages: 2)).Take(5));
        Assert.Equal([placed[0], placed[2], placed[4]], (await FollowAsync("?status=PENDING&size=2", pages: 2)).Take(3));

        async Task<List<Guid>> FollowAsync(string query, int pages = 10)
        {
            var found = new List<Guid>();
            for (var next = $"/api/operations/orders{query}"; next is not null && pages > 0; pages--)
            {
                var page = (await new Customer(shop.Api, Guid.NewGuid()).GetAsync(next, Role)).Is(HttpStatusCode.OK);
                found.AddRange(Rows(page.Body, "items").Select(order => order.GetProperty("id").GetGuid()));
                next = page.Body.GetProperty("next").GetString();
                Assert.Equal(next is null ? null : $"<{next}>; rel=\"next\"", page.Response.Headers.TryGetValues("Link", out var links) ? links.Single() : null);
            }

            return found;
        }
    }

    [Theory]
    [InlineData("?userId=1", "userId")]
    [InlineData("?userId=00000000-0000-0000-0000-000000000000", "userId")]
    [InlineData("?status=LOST", "status")]
    [InlineData("?size=0", "size")]
    [InlineData("?size=101", "size")]
    [InlineData("?cursor=x", "cursor")]
    public async Task A_query_that_cannot_be_is_refused_by_its_field(string query, string field)
    {
        var refused = (await OperateAsync($"/orders{query}")).IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(refused.Body.GetProperty("errors").TryGetProperty(field, out _), refused.ToString());
    }

    [Fact]
    public async Task An_orders_story_tells_its_history_its_events_and_what_came_for_it()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 2)).Is(HttpStatusCode.Created).Id;
        var payment = Guid.CreateVersion7().ToString();
        await shop.Publisher.PaymentSucceededAsync(order, 20.00m, payment);
        await customer.WaitAsync(order, "CONFIRMED");
        (await customer.CancelItemsAsync(order, [(product, 1)])).Is(HttpStatusCode.OK);

        var story = await Eventually.SeeAsync(
            async () => (await OperateAsync($"/orders/{order}")).Is(HttpStatusCode.OK).Body,
            seen => Rows(seen, "events").All(told => Text(told, "delivery") == "SENT"),
            "all events being sent");

        Assert.Equal((await customer.GetAsync($"/api/orders/{order}")).Body.ToString(), story.GetProperty("order").ToString());
        Assert.Equal(
            Rows((await customer.GetAsync($"/api/orders/{order}/history")).Body, "items").Select(step => step.ToString()),
            Rows(story, "history").Select(step => step.ToString()));
        Assert.Equal(
            (await shop.Events.WaitAsync(order, 4)).Select(e => (e.Sequence, e.Headers["ce_type"])),
            Rows(story, "events").Select(told => (told.GetProperty("sequence").GetInt32(), Text(told, "type"))));
        Assert.Equal([(payment, "/tests")], Rows(story, "received").Select(received => (Text(received, "id"), Text(received, "source"))));
        Assert.Equal((20.00m, 10.00m), (story.GetProperty("paidAmount").GetDecimal(), story.GetProperty("refundAmount").GetDecimal()));
        Assert.NotNull(story.GetProperty("paidAt").GetString());
    }

    [Fact]
    public async Task A_late_payment_is_owed_back_when_it_comes_and_what_is_not_sent_is_told()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await shop.Events.WaitAsync(order, 3);
        await shop.ScalarAsync<long>(
            """
            INSERT INTO outbox_messages (id, order_id, shard, channel, sequence, type, payload, occurred_at, parked_at, error)
            VALUES (gen_random_uuid(), $1, $2, 'EVENTS', 2, 'io.cloudforge.order.cancelled.v1', '{}', now(), now(), 'Refused')
            """,
            order,
            OutboxMessage.ShardOf(order));
        try
        {
            var story = await Eventually.SeeAsync(
                async () => (await OperateAsync($"/orders/{order}")).Is(HttpStatusCode.OK).Body,
                seen => Text(Rows(seen, "events")[2], "delivery") == "SENT",
                "the last event being sent");

            var events = Rows(story, "events");
            Assert.Equal(["SENT", "PARKED", "SENT"], events.Select(told => Text(told, "delivery")));
            Assert.Equal("io.cloudforge.order.refund-required.v1", Text(events[2], "type"));
            Assert.Equal(Text(story, "paidAt"), Text(events[2], "at"));
        }
        finally
        {
            await shop.ScalarAsync<long>("DELETE FROM outbox_messages WHERE order_id = $1", order);
        }
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("01234567-89ab-7def-8123-456789abcdef")]
    public async Task An_order_that_is_none_has_no_story(string id) =>
        (await OperateAsync($"/orders/{id}")).IsProblem(HttpStatusCode.NotFound, "order-not-found");

    private static string Text(JsonElement json, string field) => json.GetProperty(field).GetString() ?? "";

    private static List<JsonElement> Rows(JsonElement json, string field) => [.. json.GetProperty(field).EnumerateArray()];

    private Task<Answer> OperateAsync(string path) => new Customer(shop.Api, Guid.NewGuid()).GetAsync($"/api/operations{path}", Role);

    private async Task<OrdersDbContext> NewDatabaseAsync(string name)
    {
        var database = await shop.NewDatabaseAsync(name);
        await database.Database.MigrateAsync();
        return database;
    }

    private sealed class SetTime(DateTimeOffset now) : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override DateTimeOffset GetUtcNow() => Now;

        public override long GetTimestamp() => Now.Ticks;
    }
}
