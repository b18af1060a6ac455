using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OrderService.Core.Messaging;
using OrderService.Tests.Shop;
using OrderService.Worker.Outbox;

namespace OrderService.Tests;

/// <summary>
/// The service and <c>docs/asyncapi.yaml</c> are held to each other. Beyond these tests, every event that any test of the run looks at is
/// checked when <see cref="KafkaTap"/> hands it out.
/// </summary>
[Collection(OneShop.Name)]
public sealed class AsyncApiTests(ShopFixture shop)
{
    private static readonly string[] Essential = ["orderId", "userId", "status", "at", "amount", "items"];

    private IEnumerable<DocumentedMessage> Sent => shop.Contract.Messages.Where(message => message.IsSent);

    private IEnumerable<DocumentedMessage> Accepted => shop.Contract.Messages.Where(message => !message.IsSent);

    [Fact]
    public void Document_and_catalog_name_the_same_types()
    {
        Assert.Equal(
            EventCatalog.Published.Where(type => type.Channel == OutboxChannel.Events).Select(type => type.Name).Order(StringComparer.Ordinal),
            Sent.Select(message => message.Type).Order(StringComparer.Ordinal));
        Assert.Equal(EventCatalog.AcceptedNames.Order(StringComparer.Ordinal), Accepted.Select(message => message.Type).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_documents_topics_are_the_defaults_of_the_settings()
    {
        var topics = new TopicOptions();

        Assert.All(Sent, message => Assert.Equal(topics.Orders, message.Topic));
        Assert.All(Accepted, message => Assert.Equal(
            message.Type.StartsWith("io.cloudforge.payment.", StringComparison.Ordinal) ? topics.Payments : topics.Fulfilment, message.Topic));
    }

    [Fact]
    public void Every_message_has_an_example_and_every_example_is_valid() => Assert.All(shop.Contract.Messages, message =>
    {
        Assert.NotEmpty(message.Examples);
        Assert.All(message.Examples, example => Assert.Empty(message.Violations(example.Headers, example.Payload)));
    });

    [Fact]
    public void What_is_not_documented_is_noticed() => Assert.All(shop.Contract.Messages, message =>
    {
        var example = message.Examples[0];
        foreach (var field in Essential.Where(example.Payload.ContainsKey))
        {
            NoticesPayload(payload => payload.Remove(field));
            NoticesPayload(payload => payload[field] = "x");
            NoticesPayload(payload => payload[field] = null);
        }

        NoticesHeaders(headers => headers.Remove("ce_id"));
        NoticesHeaders(headers => headers.Remove("ce_type"));
        NoticesHeaders(headers => headers["ce_type"] = "io.cloudforge.order.placed.v2");
        NoticesHeaders(headers => headers["traceparent"] = "none");
        if (message.IsSent)
        {
            NoticesPayload(payload => payload["more"] = 1);
            NoticesHeaders(headers => headers["ce_sequence"] = "0");
            NoticesHeaders(headers => headers["ce_more"] = "x");
        }

        void NoticesPayload(Action<JsonObject> change) => Assert.NotEmpty(message.Violations(example.Headers, With(example.Payload, change)));

        void NoticesHeaders(Action<JsonObject> change) => Assert.NotEmpty(message.Violations(With(example.Headers, change), example.Payload));
    });

    [Fact]
    public async Task Every_documented_event_comes_in_the_lives_of_orders_and_is_as_documented()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        async Task<Guid> PlaceAsync() => (await customer.SendAsync(HttpMethod.Post, "/api/orders", new
        {
            items = new[] { new { productId = product, quantity = 3 } },
            shippingAddress = Customer.Address,
            notes = "Ring twice",
        })).Is(HttpStatusCode.Created).Id;

        var (delivered, paidLate, cancelledLate, refused) = (await PlaceAsync(), await PlaceAsync(), await PlaceAsync(), await PlaceAsync());
        await shop.Publisher.PaymentSucceededAsync(delivered, 30.00m);
        await shop.Publisher.FulfilledAsync("picked", delivered);
        await shop.Publisher.FulfilledAsync("picked-up", delivered);
        await shop.Publisher.FulfilledAsync("delivered", delivered);
        await customer.CancelAsync(paidLate, "Changed my mind");
        await shop.Publisher.PaymentSucceededAsync(paidLate, 30.00m);
        await shop.Publisher.PaymentSucceededAsync(cancelledLate, 30.00m);
        await customer.WaitAsync(cancelledLate, "CONFIRMED");
        (await customer.CancelItemsAsync(cancelledLate, [(product, 1)])).Is(HttpStatusCode.OK);
        await customer.CancelAsync(cancelledLate);
        await shop.Publisher.PaymentFailedAsync(refused);

        List<SeenEvent> seen =
        [
            .. await shop.Events.WaitAsync(delivered, 5),
            .. await shop.Events.WaitAsync(paidLate, 3),
            .. await shop.Events.WaitAsync(cancelledLate, 6),
            .. await shop.Events.WaitAsync(refused, 2),
        ];
        Assert.Equal(Sent.Select(message => message.Type).Order(StringComparer.Ordinal), seen.Select(e => e.Type).Distinct().Order(StringComparer.Ordinal));
        Assert.All(seen, e =>
        {
            Assert.Equal(e.Key, e.Headers["ce_subject"]);
            Assert.Equal(e.Key, e.Body.GetProperty("orderId").GetString());
            var at = e.Body.GetProperty(e.Name == "placed" ? "placedAt" : "at").GetDateTimeOffset();
            Assert.Equal(DateTimeOffset.Parse(e.Headers["ce_time"], null), at);
        });
    }

    [Fact]
    public async Task Every_example_of_an_accepted_event_is_accepted_and_has_the_effect_that_its_summary_tells()
    {
        var effects = new (string Type, string Before, string After)[]
        {
            ("io.cloudforge.payment.succeeded.v1", "PENDING", "CONFIRMED"),
            ("io.cloudforge.payment.failed.v1", "PENDING", "CANCELLED"),
            ("io.cloudforge.fulfilment.picked.v1", "CONFIRMED", "PROCESSING"),
            ("io.cloudforge.fulfilment.picked-up.v1", "PROCESSING", "SHIPPED"),
            ("io.cloudforge.fulfilment.delivered.v1", "SHIPPED", "DELIVERED"),
        };
        Assert.Equal(effects.Select(effect => effect.Type).Order(StringComparer.Ordinal), Accepted.Select(message => message.Type).Order(StringComparer.Ordinal));

        var product = await shop.NewProductAsync();
        foreach (var message in Accepted)
        {
            var effect = effects.Single(effect => effect.Type == message.Type);
            foreach (var example in message.Examples)
            {
                var customer = shop.NewCustomer();
                var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
                await BringAsync(customer, order, effect.Before);

                var headers = example.Headers.ToDictionary(header => header.Key, header => (string?)header.Value);
                headers["ce_id"] = Guid.NewGuid().ToString();
                var body = With(example.Payload, payload => payload["orderId"] = order.ToString());
                await shop.Publisher.SendAsync(message.Topic, order.ToString(), Encoding.UTF8.GetBytes(body.ToJsonString()), headers);

                await customer.WaitAsync(order, effect.After);
            }
        }
    }

    [Fact]
    public void What_an_accepted_event_must_have_is_required_and_what_it_may_have_is_not() => Assert.All(Accepted, message =>
    {
        var full = message.Examples[0].Payload;
        EventCatalog.Read(message.Type, Utf8(With(full, payload => payload["somethingNew"] = 1)));

        foreach (var field in full.Select(property => property.Key))
        {
            var without = With(full, payload => payload.Remove(field));
            if (message.Violations(message.Examples[0].Headers, without).Count > 0)
            {
                Assert.Throws<UnreadableEventException>(() => EventCatalog.Read(message.Type, Utf8(without)));
            }
            else
            {
                EventCatalog.Read(message.Type, Utf8(without));
            }
        }
    });

    private static byte[] Utf8(JsonNode json) => Encoding.UTF8.GetBytes(json.ToJsonString());

    private static JsonObject With(JsonObject original, Action<JsonObject> change)
    {
        var changed = original.DeepClone().AsObject();
        change(changed);
        return changed;
    }

    private async Task BringAsync(Customer customer, Guid order, string status)
    {
        foreach (var (next, step) in new (string, Func<Task>)[]
        {
            ("CONFIRMED", () => shop.Publisher.PaymentSucceededAsync(order, 10.00m)),
            ("PROCESSING", () => shop.Publisher.FulfilledAsync("picked", order)),
            ("SHIPPED", () => shop.Publisher.FulfilledAsync("picked-up", order)),
        })
        {
            if ((await customer.GetAsync($"/api/orders/{order}")).OrderStatus == status)
            {
                return;
            }

            await step();
            await customer.WaitAsync(order, next);
        }
    }
}
