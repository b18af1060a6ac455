using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Pieces of an order are cancelled: total, stock and money follow.</summary>
[Collection(OneShop.Name)]
public sealed class PartialCancelTests(ShopFixture shop)
{
    [Fact]
    public async Task Cancelled_pieces_lower_the_total_and_free_their_stock()
    {
        var (customer, order, lamp, desk) = await PlaceAsync();

        // Two lines of one product count as one.
        var answer = (await customer.CancelItemsAsync(order.Id, [(lamp, 1), (desk, 2), (lamp, 1)])).Is(HttpStatusCode.OK);

        Assert.Equal(("PENDING", 10.00m), (answer.OrderStatus, answer.Body.GetProperty("totalAmount").GetDecimal()));
        var line = Assert.Single(answer.Body.GetProperty("items").EnumerateArray());
        Assert.Equal(order.Body.GetProperty("items")[0].GetProperty("id").GetGuid(), line.GetProperty("id").GetGuid());
        Assert.Equal((1, 10.00m), (line.GetProperty("quantity").GetInt32(), line.GetProperty("totalPrice").GetDecimal()));
        var read = await customer.GetAsync($"/api/orders/{order.Id}");
        Assert.Equal((answer.Body.ToString(), answer.ETag), (read.Body.ToString(), read.ETag));
        Assert.NotEqual(order.ETag, answer.ETag);

        var told = (await shop.Events.WaitAsync(order.Id, 2))[1];
        Assert.Equal(("items-cancelled", 2), (told.Name, told.Sequence));
        Assert.Equal(
            new[] { (lamp, 2, 20.00m), (desk, 2, 5.50m) }.Order(),
            told.Body.GetProperty("items").EnumerateArray()
                .Select(item => (item.GetProperty("productId").GetString()!, item.GetProperty("quantity").GetInt32(), item.GetProperty("amount").GetDecimal()))
                .Order());
        Assert.Equal((10.00m, "EUR", "PENDING"), (
            told.Body.GetProperty("totalAmount").GetDecimal(), told.Body.GetProperty("currency").GetString(), told.Body.GetProperty("status").GetString()));
        await SeeBooksAsync(lamp, reserved: 1, sold: 0);
        await SeeBooksAsync(desk, reserved: 0, sold: 0);

        var history = (await customer.GetAsync($"/api/orders/{order.Id}/history")).Body.GetProperty("items");
        Assert.Equal(("PENDING", "PENDING", "customer"), (
            history[1].GetProperty("from").GetString(), history[1].GetProperty("to").GetString(), history[1].GetProperty("by").GetString()));
        Assert.Equal("Cancelled 2 × A lamp, 2 × A desk", history[1].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Cancelled_pieces_of_a_paid_order_are_no_longer_sold_and_their_money_is_owed_back()
    {
        var (customer, order, lamp, desk) = await PlaceAsync();
        await shop.Publisher.PaymentSucceededAsync(order.Id, 35.50m);
        await customer.WaitAsync(order.Id, "CONFIRMED");
        await SeeBooksAsync(lamp, reserved: 0, sold: 3);

        (await customer.CancelItemsAsync(order.Id, [(lamp, 2)])).Is(HttpStatusCode.OK);
        (await customer.CancelItemsAsync(order.Id, [(desk, 1)])).Is(HttpStatusCode.OK);
        await SeeBooksAsync(lamp, reserved: 0, sold: 1);
        await SeeBooksAsync(desk, reserved: 0, sold: 1);
        (await customer.CancelAsync(order.Id)).Is(HttpStatusCode.OK);

        var events = await shop.Events.WaitAsync(order.Id, 8);
        Assert.Equal(
            ["placed", "confirmed", "items-cancelled", "refund-required", "items-cancelled", "refund-required", "cancelled", "refund-required"],
            events.Select(e => e.Name));
        Assert.Equal([20.00m, 2.75m, 12.75m], RefundsIn(events));
        await SeeBooksAsync(lamp, reserved: 0, sold: 0);
        await SeeBooksAsync(desk, reserved: 0, sold: 0);
    }

    [Fact]
    public async Task Cancelling_all_that_is_left_cancels_the_order()
    {
        var (customer, order, lamp, desk) = await PlaceAsync();
        (await customer.CancelItemsAsync(order.Id, [(lamp, 3)])).Is(HttpStatusCode.OK);

        var answer = (await customer.CancelItemsAsync(order.Id, [(desk, 2)])).Is(HttpStatusCode.OK);

        Assert.Equal("CANCELLED", answer.OrderStatus);
        Assert.Equal(["placed", "items-cancelled", "cancelled"], (await shop.Events.WaitAsync(order.Id, 3)).Select(e => e.Name));
        await SeeBooksAsync(lamp, reserved: 0, sold: 0);
        await SeeBooksAsync(desk, reserved: 0, sold: 0);
        (await customer.CancelItemsAsync(order.Id, [(desk, 1)])).IsProblem(HttpStatusCode.Conflict, "order-not-cancellable");
    }

    [Fact]
    public async Task More_pieces_than_are_left_are_refused_line_by_line_and_nothing_changes()
    {
        var (customer, order, lamp, desk) = await PlaceAsync();

        var refused = (await customer.CancelItemsAsync(order.Id, [(lamp, 1), (desk, 1_000), ("P-0001", 1), (desk, 1_000)]))
            .IsProblem(HttpStatusCode.Conflict, "lines-not-cancellable");

        Assert.Equal(
            new[] { (desk, 2_000, 2), ("P-0001", 1, 0) }.Order(),
            refused.Body.GetProperty("lines").EnumerateArray()
                .Select(line => (line.GetProperty("productId").GetString()!, line.GetProperty("requested").GetInt32(), line.GetProperty("left").GetInt32()))
                .Order());
        Assert.Equal(order.Body.ToString(), (await customer.GetAsync($"/api/orders/{order.Id}")).Body.ToString());
    }

    [Fact]
    public async Task Pieces_of_an_order_on_its_way_of_a_changed_one_or_of_somebody_else_cannot_be_cancelled()
    {
        var (customer, order, lamp, _) = await PlaceAsync();
        (await shop.NewCustomer().CancelItemsAsync(order.Id, [(lamp, 1)])).IsProblem(HttpStatusCode.NotFound, "order-not-found");
        (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], ("If-Match", "\"7\""))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        var changed = (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], ("If-Match", order.ETag!))).Is(HttpStatusCode.OK);
        (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], ("If-Match", order.ETag!))).IsProblem(HttpStatusCode.PreconditionFailed, "precondition-failed");
        await shop.Publisher.PaymentSucceededAsync(order.Id, 25.50m);
        await shop.Publisher.FulfilledAsync("picked", order.Id);
        await customer.WaitAsync(order.Id, "PROCESSING");

        (await customer.CancelItemsAsync(order.Id, [(lamp, 1)])).IsProblem(HttpStatusCode.Conflict, "order-not-cancellable");

        Assert.Equal(
            changed.Body.GetProperty("items").ToString(), (await customer.GetAsync($"/api/orders/{order.Id}")).Body.GetProperty("items").ToString());
    }

    [Theory]
    [InlineData("{}", "lines")]
    [InlineData("""{"lines":[]}""", "lines")]
    [InlineData("""{"lines":[null]}""", "lines[0]")]
    [InlineData("""{"lines":[{"quantity":1}]}""", "lines[0].productId")]
    [InlineData("""{"lines":[{"productId":"P-0001"}]}""", "lines[0].quantity")]
    [InlineData("""{"lines":[{"productId":"P-0001","quantity":1},{"productId":"P-0001","quantity":0}]}""", "lines[1].quantity")]
    [InlineData("""{"lines":[{"productId":"P-0001","quantity":1001}]}""", "lines[0].quantity")]
    [InlineData("""{"lines":[{"productId":"P-0001","quantity":1}],"reason":"\u0000"}""", "reason")]
    public async Task Bad_input_is_named_by_field(string body, string field)
    {
        var problem = (await shop.NewCustomer().SendAsync(
            HttpMethod.Post, $"/api/orders/{Guid.NewGuid()}/cancellations", new StringContent(body, Encoding.UTF8, "application/json")))
            .IsProblem(HttpStatusCode.BadRequest, "validation");

        Assert.True(problem.Body.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_cancels_once()
    {
        var (customer, order, lamp, _) = await PlaceAsync();
        var (_, other, otherLamp, _) = await PlaceAsync(customer);
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var first = (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], key)).Is(HttpStatusCode.OK);
        var again = (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], key)).Is(HttpStatusCode.OK);

        Assert.Equal((first.Body.ToString(), first.ETag), (again.Body.ToString(), again.ETag));
        Assert.Equal("true", Assert.Single(again.Response.Headers.GetValues("Idempotency-Replayed")));
        Assert.Equal(first.ETag, (await customer.GetAsync($"/api/orders/{order.Id}")).ETag);
        (await customer.CancelItemsAsync(order.Id, [(lamp, 2)], key)).IsProblem(HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");

        // What the key did to one order says nothing of another.
        (await customer.CancelItemsAsync(other.Id, [(otherLamp, 1)], key)).Is(HttpStatusCode.OK);

        // And an attempt that was refused leaves nothing behind.
        var refused = ("Idempotency-Key", Guid.NewGuid().ToString());
        (await customer.CancelItemsAsync(order.Id, [(lamp, 9)], refused)).IsProblem(HttpStatusCode.Conflict, "lines-not-cancellable");
        (await customer.CancelItemsAsync(order.Id, [(lamp, 1)], refused)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Many_repeats_at_once_cancel_once()
    {
        var (customer, order, lamp, _) = await PlaceAsync();
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());

        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => customer.CancelItemsAsync(order.Id, [(lamp, 1)], key)));

        Assert.All(answers, answer => Assert.True(
            answer.Status == HttpStatusCode.OK || answer.ProblemType == "urn:cloudforge:problem:request-in-progress", answer.ToString()));
        Assert.Equal(25.50m, (await customer.GetAsync($"/api/orders/{order.Id}")).Body.GetProperty("totalAmount").GetDecimal());
    }

    [Fact]
    public async Task Many_cancellations_and_a_payment_at_once_owe_back_what_was_paid_to_the_cent()
    {
        for (var round = 0; round < 5; round++)
        {
            var customer = shop.NewCustomer();
            var product = await shop.NewProductAsync(price: 1.10m, stock: 8);
            var order = (await customer.OrderAsync(product, 8)).Is(HttpStatusCode.Created).Id;

            var payment = shop.Publisher.PaymentSucceededAsync(order, 8.80m);
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => customer.CancelItemsAsync(order, [(product, 1)])));
            await payment;

            Assert.All(answers, answer => answer.Is(HttpStatusCode.OK));
            var events = await Eventually.SeeAsync(
                () => shop.Events.Of(order).DistinctBy(e => e.Id).ToList(), seen => RefundsIn(seen).Sum() >= 8.80m, "the refund of what was paid");
            Assert.Equal(8.80m, RefundsIn(events).Sum());
            Assert.Equal(Enumerable.Range(1, events.Count), events.Select(e => e.Sequence));
            Assert.Equal("CANCELLED", (await customer.GetAsync($"/api/orders/{order}")).OrderStatus);
            await SeeBooksAsync(product, reserved: 0, sold: 0, stock: 8);
        }
    }

    [Fact]
    public async Task What_the_warehouse_picks_while_pieces_are_cancelled_is_what_is_left()
    {
        for (var round = 0; round < 5; round++)
        {
            var (customer, order, lamp, _) = await PlaceAsync();
            await shop.Publisher.PaymentSucceededAsync(order.Id, 35.50m);
            await customer.WaitAsync(order.Id, "CONFIRMED");

            var picked = shop.Publisher.FulfilledAsync("picked", order.Id);
            var answer = await customer.CancelItemsAsync(order.Id, [(lamp, 1)]);
            await picked;

            var cancelled = answer.Status == HttpStatusCode.OK;
            if (!cancelled)
            {
                answer.IsProblem(HttpStatusCode.Conflict, "order-not-cancellable");
            }

            var read = await customer.WaitAsync(order.Id, "PROCESSING");
            Assert.Equal(cancelled ? 25.50m : 35.50m, read.Body.GetProperty("totalAmount").GetDecimal());
            var events = await shop.Events.WaitAsync(order.Id, cancelled ? 5 : 3);
            Assert.Equal(cancelled ? [10.00m] : [], RefundsIn(events));
            await SeeBooksAsync(lamp, reserved: 0, sold: cancelled ? 2 : 3);
        }
    }

    private static IEnumerable<decimal> RefundsIn(IEnumerable<SeenEvent> events) =>
        events.Where(e => e.Name == "refund-required").Select(e => e.Body.GetProperty("amount").GetDecimal());

    /// <summary>An order of 3 lamps at 10.00 and 2 desks at 2.75, of 50 in stock each.</summary>
    private async Task<(Customer Customer, Answer Order, string Lamp, string Desk)> PlaceAsync(Customer? customer = null)
    {
        customer ??= shop.NewCustomer();
        var lamp = await shop.NewProductAsync(10.00m, stock: 50, name: "A lamp");
        var desk = await shop.NewProductAsync(2.75m, stock: 50, name: "A desk");
        var order = (await customer.SendAsync(HttpMethod.Post, "/api/orders", new
        {
            items = new[] { new { productId = lamp, quantity = 3 }, new { productId = desk, quantity = 2 } },
            shippingAddress = Customer.Address,
        })).Is(HttpStatusCode.Created);
        return (customer, order, lamp, desk);
    }

    private async Task SeeBooksAsync(string product, int reserved, int sold, int stock = 50)
    {
        var seen = await Eventually.SeeAsync(
            () => shop.ProductAsync(product),
            books => Number(books, "reserved") == reserved && Number(books, "sold") == sold,
            $"{reserved} reserved and {sold} sold of {product}");
        Assert.Equal((stock - sold, stock - sold - reserved), (Number(seen, "stock"), Number(seen, "available")));

        static int Number(JsonElement books, string name) => books.GetProperty(name).GetInt32();
    }
}
