using System.Net;
using System.Net.Http.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Payments that come late, twice, not at all, or with the wrong amount.</summary>
[Collection(OneShop.Name)]
public sealed class PaymentTests(ShopFixture shop)
{
    [Fact]
    public async Task An_order_that_is_not_paid_in_time_is_cancelled_and_a_payment_after_that_is_owed_back_once()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 5);
        var order = (await customer.OrderAsync(product, 2)).Is(HttpStatusCode.Created).Id;
        await LetTimePassAsync(order, "31 minutes");

        await customer.WaitAsync(order, "CANCELLED");
        await Eventually.SeeAsync(() => shop.ProductAsync(product), seen => seen.GetProperty("available").GetInt32() == 5, "the stock being free");
        Assert.Equal(("Not paid in time", "system"), await LastStepAsync(customer, order));

        var payment = Guid.CreateVersion7().ToString();
        await shop.Publisher.PaymentSucceededAsync(order, 20.00m, payment);
        await shop.Publisher.PaymentSucceededAsync(order, 20.00m, payment);
        await shop.Publisher.PaymentSucceededAsync(order, 20.00m);
        await SeeHandledAsync(order, 2);

        var events = await shop.Events.WaitAsync(order, 3);
        Assert.Equal(["placed", "cancelled", "refund-required"], events.Select(e => e.Name));
        Assert.Equal("system", events[1].Body.GetProperty("cancelledBy").GetString());
        Assert.Equal((20.00m, "EUR"), (events[2].Body.GetProperty("amount").GetDecimal(), events[2].Body.GetProperty("currency").GetString()));
    }

    [Fact]
    public async Task An_order_that_is_paid_or_within_its_time_is_not_timed_out()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var (paid, waiting, late) = (
            (await customer.OrderAsync(product, 1)).Id, (await customer.OrderAsync(product, 1)).Id, (await customer.OrderAsync(product, 1)).Id);
        await shop.Publisher.PaymentSucceededAsync(paid, 10.00m);
        await customer.WaitAsync(paid, "CONFIRMED");

        await LetTimePassAsync(paid, "31 minutes");
        await LetTimePassAsync(waiting, "29 minutes");
        await LetTimePassAsync(late, "32 minutes");

        // The oldest is looked at first, all in one look.
        await customer.WaitAsync(late, "CANCELLED");
        Assert.Equal("CONFIRMED", (await customer.GetAsync($"/api/orders/{paid}")).OrderStatus);
        Assert.Equal("PENDING", (await customer.GetAsync($"/api/orders/{waiting}")).OrderStatus);
    }

    [Fact]
    public async Task The_simulator_pays_by_hand_an_order_that_is_placed_just_now()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        for (var i = 0; i < 5; i++)
        {
            var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
            using var paid = await shop.Payments.PostAsJsonAsync($"/orders/{order}/pay", new { outcome = "succeeded" });
            Assert.True(paid.StatusCode == HttpStatusCode.Accepted, await paid.Content.ReadAsStringAsync());
            await customer.WaitAsync(order, "CONFIRMED");
        }
    }

    [Fact]
    public async Task A_failed_payment_and_a_customer_leave_their_reason_and_name_in_the_history()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var (failed, cancelled) = ((await customer.OrderAsync(product, 1)).Id, (await customer.OrderAsync(product, 1)).Id);

        await shop.Publisher.PaymentFailedAsync(failed);
        await shop.Publisher.PaymentFailedAsync(failed);
        await customer.WaitAsync(failed, "CANCELLED");
        await customer.CancelAsync(cancelled, "Changed my mind");

        Assert.Equal(("Payment failed: Card declined", "payment"), await LastStepAsync(customer, failed));
        Assert.Equal(("Changed my mind", "customer"), await LastStepAsync(customer, cancelled));
        Assert.Equal(["placed", "cancelled"], (await shop.Events.WaitAsync(failed, 2)).Select(e => e.Name));
    }

    [Fact]
    public async Task A_payment_that_does_not_cover_the_order_is_parked_with_both_amounts_and_can_be_replayed_once_it_does()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created);

        await shop.Publisher.PaymentSucceededAsync(order.Id, 20.00m);
        await shop.Publisher.SendAsync(
            "cloudforge.payments", "io.cloudforge.payment.succeeded.v1", order.Id, $$"""{"orderId":"{{order.Id}}","amount":30.00,"currency":"USD"}""");

        await SeeParkedAsync(order.Id, 2);
        Assert.Equal(1, await shop.ScalarAsync<long>(ParkedWith, order.Id.ToString(), "%20.00 EUR%30.00 EUR%"));
        Assert.Equal(1, await shop.ScalarAsync<long>(ParkedWith, order.Id.ToString(), "%30.00 USD%30.00 EUR%"));
        Assert.Equal(1, await shop.ScalarAsync<int>("SELECT max(attempts) FROM parked_messages WHERE key = $1", order.Id.ToString()));
        Assert.Equal(order.ETag, (await customer.GetAsync($"/api/orders/{order.Id}")).ETag);
        await SeeHandledAsync(order.Id, 0);

        (await customer.CancelItemsAsync(order.Id, [(product, 1)])).Is(HttpStatusCode.OK);
        await using var replay = shop.Database.CreateCommand("UPDATE parked_messages SET next_attempt_at = now() WHERE key = $1 AND error LIKE '%20.00 EUR%'");
        replay.Parameters.Add(new() { Value = order.Id.ToString() });
        await replay.ExecuteNonQueryAsync();

        await customer.WaitAsync(order.Id, "CONFIRMED");
        await SeeParkedAsync(order.Id, 1);
        Assert.Equal(["placed", "items-cancelled", "confirmed"], (await shop.Events.WaitAsync(order.Id, 3)).Select(e => e.Name));
    }

    [Fact]
    public async Task A_payment_of_the_total_from_before_a_partial_cancellation_confirms_the_order_and_the_difference_is_owed_back()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created).Id;
        (await customer.CancelItemsAsync(order, [(product, 2)])).Is(HttpStatusCode.OK);

        await shop.Publisher.PaymentSucceededAsync(order, 30.00m);

        await customer.WaitAsync(order, "CONFIRMED");
        var events = await shop.Events.WaitAsync(order, 4);
        Assert.Equal(["placed", "items-cancelled", "confirmed", "refund-required"], events.Select(e => e.Name));
        Assert.Equal(20.00m, events[3].Body.GetProperty("amount").GetDecimal());
    }

    [Fact]
    public async Task A_payment_that_was_noted_without_its_amount_is_owed_back_in_full()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created).Id;
        await shop.Publisher.PaymentSucceededAsync(order, 30.00m);
        await customer.WaitAsync(order, "CONFIRMED");
        await using var forget = shop.Database.CreateCommand("UPDATE orders SET paid_amount = NULL WHERE id = $1");
        forget.Parameters.Add(new() { Value = order });
        await forget.ExecuteNonQueryAsync();

        (await customer.CancelItemsAsync(order, [(product, 1)])).Is(HttpStatusCode.OK);
        (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);

        var events = await shop.Events.WaitAsync(order, 6);
        Assert.Equal([10.00m, 20.00m], events.Where(e => e.Name == "refund-required").Select(e => e.Body.GetProperty("amount").GetDecimal()));
    }

    private const string ParkedWith = "SELECT count(*) FROM parked_messages WHERE key = $1 AND error LIKE $2";

    private static async Task<(string? Reason, string? By)> LastStepAsync(Customer customer, Guid order)
    {
        var step = (await customer.GetAsync($"/api/orders/{order}/history")).Body.GetProperty("items").EnumerateArray().Last();
        return (step.GetProperty("reason").GetString(), step.GetProperty("by").GetString());
    }

    private async Task LetTimePassAsync(Guid order, string interval)
    {
        await using var command = shop.Database.CreateCommand("UPDATE orders SET created_at = created_at - $2::interval WHERE id = $1");
        command.Parameters.Add(new() { Value = order });
        command.Parameters.Add(new() { Value = interval });
        Assert.Equal(1, await command.ExecuteNonQueryAsync());
    }

    private Task<long> SeeHandledAsync(Guid order, long count) => Eventually.SeeAsync(
        () => shop.ScalarAsync<long>("SELECT count(*) FROM inbox_messages WHERE order_id = $1", order), seen => seen == count, $"{count} events handled");

    private Task<long> SeeParkedAsync(Guid order, long count) => Eventually.SeeAsync(
        () => shop.ScalarAsync<long>("SELECT count(*) FROM parked_messages WHERE key = $1 AND next_attempt_at IS NULL", order.ToString()),
        seen => seen == count,
        $"{count} messages parked");
}
