using System.Net;
using System.Text;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Events of other services: twice, late, too early, and unreadable.</summary>
[Collection(OneShop.Name)]
public sealed class MessagingTests(ShopFixture shop)
{
    [Fact]
    public async Task An_event_that_comes_twice_counts_once()
    {
        var (customer, order) = await PlaceAsync();
        var payment = Guid.CreateVersion7().ToString();

        await shop.Publisher.PaymentSucceededAsync(order, 10.00m, payment);
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m, payment);
        await shop.Publisher.FulfilledAsync("picked", order);

        await customer.WaitAsync(order, "PROCESSING");
        Assert.Equal(["placed", "confirmed", "processing"], (await shop.Events.WaitAsync(order, 3)).Select(e => e.Name));
        Assert.Equal(1, await shop.ScalarAsync<long>("SELECT count(*) FROM inbox_messages WHERE event_id = $1", payment));
    }

    [Fact]
    public async Task A_burst_of_events_of_many_orders_takes_each_order_through_all_its_steps()
    {
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => PlaceAsync()));

        foreach (var step in (string?[])[null, "picked", "picked-up", "delivered"])
        {
            // Twice, so that two of an order are in one batch.
            await Task.WhenAll(orders.Concat(orders).Select(o => step is null
                ? shop.Publisher.PaymentSucceededAsync(o.Order, 10.00m, $"paid-{o.Order}")
                : shop.Publisher.FulfilledAsync(step, o.Order, $"{step}-{o.Order}")));
        }

        foreach (var (customer, order) in orders)
        {
            await customer.WaitAsync(order, "DELIVERED");
            Assert.Equal([1, 2, 3, 4, 5], (await shop.Events.WaitAsync(order, 5)).Select(e => e.Sequence));
            Assert.Equal(4, await shop.ScalarAsync<long>("SELECT count(*) FROM inbox_messages WHERE order_id = $1", order));
        }
    }

    [Fact]
    public async Task An_event_id_that_another_source_or_another_orders_event_has_too_is_no_repeat()
    {
        var (first, firstOrder) = await PlaceAsync();
        var (second, secondOrder) = await PlaceAsync();
        var id = Guid.NewGuid().ToString();

        await shop.Publisher.PaymentSucceededAsync(firstOrder, 10.00m, id);
        await first.WaitAsync(firstOrder, "CONFIRMED");
        await shop.Publisher.PaymentSucceededAsync(secondOrder, 10.00m, id);
        await shop.Publisher.SendAsync("cloudforge.fulfilment", firstOrder.ToString(), Encoding.UTF8.GetBytes($$"""{"orderId":"{{firstOrder}}"}"""), new()
        {
            ["ce_id"] = id,
            ["ce_type"] = "io.cloudforge.fulfilment.picked.v1",
            ["ce_source"] = "/warehouse",
        });

        await second.WaitAsync(secondOrder, "CONFIRMED");
        await first.WaitAsync(firstOrder, "PROCESSING");
    }

    [Fact]
    public async Task Events_that_come_too_early_wait_for_their_time()
    {
        var (customer, order) = await PlaceAsync();

        await shop.Publisher.FulfilledAsync("delivered", order);
        await shop.Publisher.FulfilledAsync("picked-up", order);
        await shop.Publisher.FulfilledAsync("picked", order);
        await Eventually.SeeAsync(() => WaitingAsync(order), waiting => waiting == 3, "three events waiting");
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);

        await customer.WaitAsync(order, "DELIVERED");
        Assert.Equal([1, 2, 3, 4, 5], (await shop.Events.WaitAsync(order, 5)).Select(e => e.Sequence));
        await Eventually.SeeAsync(() => WaitingAsync(order), waiting => waiting == 0, "no event waiting any more");
    }

    [Fact]
    public async Task A_payment_for_an_order_that_is_not_there_yet_waits()
    {
        var nobody = Guid.CreateVersion7();

        await shop.Publisher.PaymentSucceededAsync(nobody, 10.00m);

        await Eventually.SeeAsync(() => WaitingAsync(nobody), waiting => waiting == 1, "the payment waiting");
    }

    [Fact]
    public async Task Events_whose_time_has_passed_change_nothing()
    {
        var (customer, order) = await PlaceAsync();
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await shop.Publisher.FulfilledAsync("picked", order);
        await customer.WaitAsync(order, "PROCESSING");

        var outdated = Guid.CreateVersion7().ToString();
        await shop.Publisher.FulfilledAsync("picked", order, outdated);
        await shop.Publisher.PaymentFailedAsync(order);

        await Eventually.SeeAsync(
            () => shop.ScalarAsync<long>("SELECT count(*) FROM inbox_messages WHERE event_id = $1", outdated), seen => seen == 1, "the event being handled");
        Assert.Equal("PROCESSING", (await customer.GetAsync($"/api/orders/{order}")).OrderStatus);
    }

    [Fact]
    public async Task A_payment_after_the_cancellation_is_owed_back_once()
    {
        var (customer, order) = await PlaceAsync();
        await customer.CancelAsync(order);
        var payment = Guid.CreateVersion7().ToString();

        await shop.Publisher.PaymentSucceededAsync(order, 10.00m, payment);
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m, payment);

        var events = await shop.Events.WaitAsync(order, 3);
        Assert.Equal(["placed", "cancelled", "refund-required"], events.Select(e => e.Name));
        Assert.Equal(10.00m, events[2].Body.GetProperty("amount").GetDecimal());
        Assert.Equal("CANCELLED", (await customer.GetAsync($"/api/orders/{order}")).OrderStatus);
    }

    [Fact]
    public async Task Unreadable_messages_are_parked_with_their_reason_and_hold_up_nobody()
    {
        var (customer, order) = await PlaceAsync();
        var type = "io.cloudforge.payment.succeeded.v1";
        var good = $$"""{"orderId":"{{order}}","paymentId":"p","amount":10,"currency":"EUR"}""";

        // All with the order's own key, so that they share its partition.
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, "{ not JSON");
        await shop.Publisher.SendAsync("cloudforge.payments", "io.cloudforge.payment.succeeded.v9", order, good);
        await shop.Publisher.SendAsync("cloudforge.payments", null, order, good);
        await shop.Publisher.SendAsync("cloudforge.payments", order.ToString(), [0xFF, 0x00, 0xFE], []);
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, $$"""{"orderId":"{{Guid.NewGuid()}}","paymentId":"p","amount":10,"currency":"EUR"}""");
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, good, "an\0id");
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, good, new string('x', 201));
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, $$"""{"orderId":"{{order}}","paymentId":"p","currency":"EUR"}""");
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, $$"""{"orderId":"{{order}}","paymentId":"p","amount":10,"currency":null}""");
        await shop.Publisher.SendAsync("cloudforge.payments", type, order, $$"""{"orderId":"{{order}}","paymentId":"p","amount":1e99,"currency":"EUR"}""");
        await shop.Publisher.SendAsync("cloudforge.payments", order.ToString(), null, new() { ["ce_id"] = "tombstone", ["ce_type"] = type });
        await shop.Publisher.SendAsync("cloudforge.payments", null, Encoding.UTF8.GetBytes(good), new() { ["ce_id"] = "no-key", ["ce_type"] = type });
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);

        await customer.WaitAsync(order, "CONFIRMED");
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<long>(
                "SELECT count(*) FROM parked_messages WHERE next_attempt_at IS NULL AND error <> '' AND (key = $1 OR (key IS NULL AND headers->>'ce_id' = 'no-key'))",
                order.ToString()),
            parked => parked == 12,
            "twelve parked messages");
    }

    private async Task<(Customer Customer, Guid Order)> PlaceAsync()
    {
        var customer = shop.NewCustomer();
        return (customer, (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id);
    }

    private Task<long> WaitingAsync(Guid order) =>
        shop.ScalarAsync<long>("SELECT count(*) FROM parked_messages WHERE key = $1 AND next_attempt_at IS NOT NULL", order.ToString());
}
