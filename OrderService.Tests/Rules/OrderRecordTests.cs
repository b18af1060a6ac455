using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using OrderService.Api.Http;
using OrderService.Api.Operations;
using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

/// <summary>What a line of an import may be, and what becomes of it.</summary>
public sealed class OrderRecordTests
{
    private const string Shortest =
        """
        {"externalId":"A-1","userId":"00000000-0000-4000-8000-000000000001","status":"DELIVERED","currency":"EUR","shippingAddress":"1 Main Street",
         "items":[{"productId":"P-0001","productName":"Lamp","quantity":2,"unitPrice":19.99},{"productId":"P-0002","productName":"Desk","quantity":1,"unitPrice":5}],
         "createdAt":"2020-01-31T10:30:00+01:00"}
        """;

    private static readonly DateTimeOffset Created = new(2020, 1, 31, 9, 30, 0, TimeSpan.Zero);

    [Fact]
    public void What_a_line_leaves_out_follows_from_the_rest()
    {
        var (order, complete) = Import(Shortest);

        Assert.Equal((OrderStatus.Delivered, 44.98m, false), (order.Status, order.TotalAmount, order.HasReservation));
        Assert.Equal((Created, Created, (DateTimeOffset?)Created, (decimal?)44.98m, 0m), (order.CreatedAt, order.UpdatedAt, order.PaidAt, order.PaidAmount, order.RefundAmount));
        Assert.Equal(7, order.Id.Version);
        var (events, commands, history) = order.Take();
        Assert.Empty(events);
        Assert.Empty(commands);
        Assert.Equal(
            [(1, null, OrderStatus.Pending, Created), (2, OrderStatus.Pending, OrderStatus.Delivered, Created)],
            history.Select(step => (step.Sequence, step.From, step.To, step.At)));
        Assert.Equal((2, 2), (order.Version, order.LastSequence));
        Assert.Equal(["39.98", "5.00"], complete.Items!.Select(item => item!.TotalPrice!.Value.ToString(CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void A_complete_line_is_taken_as_it_is()
    {
        var (_, first) = Import(Shortest);

        var (order, again) = Import(Write(first));

        Assert.Equal(first.Id, order.Id);
        Assert.Equal(Write(first), Write(again));
    }

    [Fact]
    public void The_history_of_the_other_system_is_kept()
    {
        var (order, _) = Import(With(Shortest, "history", """
            [{"sequence":1,"to":"PENDING","at":"2020-01-31T09:30:00Z","reason":"Ordered by phone","by":"hotline"},
             {"sequence":3,"to":"CONFIRMED","at":"2020-02-01T09:30:00.1234567Z"},
             {"from":"CONFIRMED","to":"DELIVERED","at":"2020-02-03T09:30:00Z","by":"carrier"}]
            """));

        var history = order.Take().History;
        Assert.Equal(
            [
                (1, null, OrderStatus.Pending, "Ordered by phone", "hotline"),
                (3, OrderStatus.Pending, OrderStatus.Confirmed, "Imported", "system"),
                (4, OrderStatus.Confirmed, OrderStatus.Delivered, "Imported", "carrier"),
            ],
            history.Select(step => (step.Sequence, step.From, step.To, step.Reason, step.By)));
        Assert.Equal((3, 4, history[2].At), (order.Version, order.LastSequence, order.UpdatedAt));
        Assert.Equal(((DateTimeOffset?)history[1].At, 123_456), (order.PaidAt, order.PaidAt!.Value.Millisecond * 1_000 + order.PaidAt.Value.Microsecond));
    }

    [Theory]
    [InlineData("CANCELLED", null, null, 0)]
    [InlineData("CANCELLED", 44.98, 44.98, 44.98)]
    [InlineData("CANCELLED", 10.00, 10.00, 10.00)]
    [InlineData("SHIPPED", null, 44.98, 0)]
    [InlineData("SHIPPED", 50.00, 50.00, 5.02)]
    public void What_was_paid_above_the_costs_counts_as_paid_back(string status, double? told, double? paid, double refund)
    {
        var line = With(Shortest, "status", $"\"{status}\"");
        var (order, _) = Import(told is null ? line : With(line, "paidAmount", told.Value.ToString(CultureInfo.InvariantCulture)));

        Assert.Equal(((decimal?)paid, (decimal)refund, paid is not null), (order.PaidAmount, order.RefundAmount, order.PaidAt is not null));
    }

    [Fact]
    public void An_imported_order_goes_on_by_the_rules_and_asks_nothing_of_the_product_service()
    {
        var (cancelled, _) = Import(With(Shortest, "status", "\"CONFIRMED\""));
        var (reduced, _) = Import(With(Shortest, "status", "\"CONFIRMED\""));
        var (delivered, _) = Import(With(Shortest, "status", "\"CONFIRMED\""));
        foreach (var order in new[] { cancelled, reduced, delivered })
        {
            order.Take();
        }

        cancelled.Cancel(null, Some.Now);
        reduced.CancelItems([new("P-0001", 1)], null, Some.Now);
        delivered.Apply(new FulfilmentPicked(delivered.Id), Some.Now);

        Assert.Equal([(3, typeof(OrderCancelled)), (4, typeof(OrderRefundRequired))], Told(cancelled));
        Assert.Equal([(3, typeof(OrderItemsCancelled)), (4, typeof(OrderRefundRequired))], Told(reduced));
        Assert.Equal([(3, typeof(OrderProcessing))], Told(delivered));

        static IEnumerable<(int, Type)> Told(Order order)
        {
            var (events, commands, _) = order.Take();
            Assert.Empty(commands);
            return events.Select(pending => (pending.Sequence, pending.Event.GetType()));
        }
    }

    [Theory]
    [InlineData("externalId", "null", "externalId: Is required.")]
    [InlineData("externalId", "\" \"", "externalId: Is required.")]
    [InlineData("externalId", "\"a\\u0000b\"", "externalId: Has no control characters")]
    [InlineData("userId", "null", "userId: Is a UUID")]
    [InlineData("userId", "\"00000000-0000-0000-0000-000000000000\"", "userId: Is a UUID")]
    [InlineData("id", "\"00000000-0000-0000-0000-000000000000\"", "id: Is a UUID")]
    [InlineData("status", "null", "status: Is required.")]
    [InlineData("status", "\"PENDING\"", "status: Is not PENDING")]
    [InlineData("currency", "null", "currency: Is an ISO 4217 code")]
    [InlineData("currency", "\"eur\"", "currency: Is an ISO 4217 code")]
    [InlineData("shippingAddress", "\"\"", "shippingAddress: Is required.")]
    [InlineData("notes", "\"\\u0007\"", "notes: Has no control characters")]
    [InlineData("items", "null", "items: Has 1 to 100 lines.")]
    [InlineData("items", "[]", "items: Has 1 to 100 lines.")]
    [InlineData("items", "[null]", "items[0]: Is required.")]
    [InlineData("items[0].productId", "\"../x\"", "items[0].productId: Is the id of a product")]
    [InlineData("items[1].productId", "\"P-0001\"", "items[1].productId: Has a line already")]
    [InlineData("items[0].productName", "null", "items[0].productName: Is required.")]
    [InlineData("items[0].quantity", "0", "items[0].quantity: Is a whole number")]
    [InlineData("items[0].quantity", "1001", "items[0].quantity: Is a whole number")]
    [InlineData("items[0].unitPrice", "-0.01", "items[0].unitPrice: Is an amount")]
    [InlineData("items[0].unitPrice", "0.001", "items[0].unitPrice: Is an amount")]
    [InlineData("items[0].unitPrice", "9999999999999999.99", "items: Cost more")]
    [InlineData("items[0].totalPrice", "1", "items[0].totalPrice: Is 1, and the line costs 39.98.")]
    [InlineData("totalAmount", "45", "totalAmount: Is 45, and its lines cost 44.98.")]
    [InlineData("createdAt", "null", "createdAt: Is required.")]
    [InlineData("createdAt", "\"2999-01-01T00:00:00Z\"", "createdAt: Is in the future.")]
    [InlineData("createdAt", "\"0001-01-01T00:00:00Z\"", "createdAt: Is before 1990.")]
    [InlineData("updatedAt", "\"2020-01-31T09:29:59Z\"", "updatedAt: Is before the order was placed")]
    [InlineData("paidAt", "\"2999-01-01T00:00:00Z\"", "paidAt: Is in the future.")]
    [InlineData("paidAmount", "44.97", "paidAmount: Is less than the total.")]
    [InlineData("paidAmount", "-1", "paidAmount: Is an amount")]
    [InlineData("history", "[{\"to\":\"PENDING\",\"at\":\"2020-01-31T09:30:00Z\"}]", "history: Does not lead to the status.")]
    [InlineData("history", "[null]", "history[0].to: Is required.")]
    [InlineData("history", "[{\"to\":\"DELIVERED\"}]", "history[0].at: Is required.")]
    [InlineData("history", "[{\"to\":\"DELIVERED\",\"at\":\"2999-01-31T09:30:00Z\"}]", "history[0].at: Is in the future.")]
    [InlineData("history", "[{\"to\":\"DELIVERED\",\"at\":\"2020-01-31T09:29:00Z\"}]", "history[0].at: Is before the step before")]
    [InlineData("history", "[{\"from\":\"PENDING\",\"to\":\"DELIVERED\",\"at\":\"2020-01-31T09:30:00Z\"}]", "history[0].from: Is not where")]
    [InlineData("history", "[{\"sequence\":0,\"to\":\"DELIVERED\",\"at\":\"2020-01-31T09:30:00Z\"}]", "history[0].sequence: Is larger")]
    [InlineData("history", "[{\"to\":\"CANCELLED\",\"at\":\"2020-01-31T09:30:00Z\"},{\"to\":\"DELIVERED\",\"at\":\"2020-01-31T09:30:00Z\"}]", "history[1].to: Comes after an end.")]
    public void What_no_order_may_be_is_refused_by_field(string field, string value, string reason)
    {
        var errors = new InputErrors();

        Assert.Null(OrderRecords.Import(Read(With(Shortest, field, value)), Some.Now, errors));
        Assert.Contains(reason, errors.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2020-01-31T09:30:00")]
    [InlineData("2020-01-31")]
    [InlineData("31.1.2020")]
    public void An_instant_has_an_offset(string instant) =>
        Assert.Equal("$.createdAt", Assert.Throws<JsonException>(() => Read(With(Shortest, "createdAt", $"\"{instant}\""))).Path);

    private static (Order Order, OrderRecord Complete) Import(string line)
    {
        var errors = new InputErrors();
        var imported = OrderRecords.Import(Read(line), Some.Now, errors);
        Assert.True(errors.IsEmpty, errors.ToString());
        return imported!.Value;
    }

    private static OrderRecord Read(string line) => JsonSerializer.Deserialize(line, ApiJson.Default.OrderRecord)!;

    private static string Write(OrderRecord record) => JsonSerializer.Serialize(record, ApiJson.Default.OrderRecord);

    /// <summary>The line with another value at one place: <c>items[0].quantity</c>.</summary>
    private static string With(string line, string place, string value)
    {
        var record = JsonNode.Parse(line)!;
        var at = record;
        if (place.StartsWith("items[", StringComparison.Ordinal))
        {
            at = record["items"]![place[6] - '0']!;
            place = place[(place.IndexOf('.', StringComparison.Ordinal) + 1)..];
        }

        at[place] = JsonNode.Parse(value);
        return record.ToJsonString();
    }
}
