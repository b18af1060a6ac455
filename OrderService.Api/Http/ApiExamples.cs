using OrderService.Api.Carts;
using OrderService.Api.Operations;
using OrderService.Api.Orders;
using OrderService.Core.Orders;

namespace OrderService.Api.Http;

/// <summary>Examples of the document, as values of the types that the API reads and writes.</summary>
internal static class ApiExamples
{
    private static readonly Guid OrderId = Guid.Parse("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11");
    private static readonly Guid UserId = Guid.Parse("00000000-0000-4000-8000-000000000001");
    private static readonly DateTimeOffset At = new(2026, 1, 31, 9, 30, 0, TimeSpan.Zero);

    private static readonly OrderResponse Order = new(
        OrderId, UserId, OrderStatus.Pending, 39.98m, "EUR", "1 Main Street, Springfield", "Ring twice",
        [new(Guid.Parse("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b12"), "P-0001", "A thing", 2, 19.99m, 39.98m)], At, At);

    private static readonly DeadLetterDetail Letter = new()
    {
        Id = Guid.Parse("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b13"),
        Direction = DeadLetterDirection.Inbound,
        State = DeadLetterState.Parked,
        Source = "cloudforge.payments",
        Key = OrderId.ToString(),
        Type = "io.cloudforge.payment.succeeded.v1",
        Error = "There is no such order.",
        Attempts = 10,
        FailedAt = At,
        NextAttemptAt = null,
        Headers = new() { ["ce_type"] = "io.cloudforge.payment.succeeded.v1" },
        PayloadEncoding = "utf-8",
        Payload = "{}",
    };

    private static readonly OrderRecord Record = new(
        "A-1001", OrderId, UserId, OrderStatus.Delivered, "EUR", 39.98m, "1 Main Street, Springfield", "Ring twice",
        [new("P-0001", "A thing", 2, 19.99m, 39.98m)], At, At.AddDays(2), At.AddMinutes(1), 39.98m,
        [
            new(1, null, OrderStatus.Pending, At, "Placed", "customer"),
            new(2, OrderStatus.Pending, OrderStatus.Delivered, At.AddDays(2), "Imported", "system"),
        ]);

    private static readonly Dictionary<Type, object> Examples = new()
    {
        [typeof(AddToCartRequest)] = new AddToCartRequest("P-0001", 2),
        [typeof(SetQuantityRequest)] = new SetQuantityRequest(3),
        [typeof(CartResponse)] = new CartResponse(UserId, [new("P-0001", "A thing", 2, 19.99m, 39.98m)], 39.98m, "EUR", 2, At),
        [typeof(MergeCartRequest)] = new MergeCartRequest("7d1c9a52-3f0e-4c55-8a3e-5d0b6f1e2c33"),
        [typeof(CheckoutRequest)] = new CheckoutRequest("1 Main Street, Springfield", "Ring twice"),
        [typeof(PlaceOrderRequest)] = new PlaceOrderRequest([new("P-0001", 2)], "1 Main Street, Springfield", "Ring twice"),
        [typeof(CancelOrderRequest)] = new CancelOrderRequest("Changed my mind"),
        [typeof(CancelItemsRequest)] = new CancelItemsRequest([new("P-0001", 1)], "One is enough"),
        [typeof(OrderResponse)] = Order,
        [typeof(OrderPage)] = new OrderPage([Order], 0, 20, "/api/orders?page=1", null),
        [typeof(OrderHistoryResponse)] = new OrderHistoryResponse([new(1, null, OrderStatus.Pending, At, "Placed", "customer")]),
        [typeof(OutboxResponse)] = new OutboxResponse(
            3, 1, 0.4, 10_000, [new("EVENTS", 2, 1, 0.4), new("RESERVATIONS", 1, 0, 0.1)]),
        [typeof(SummaryResponse)] = new SummaryResponse(
            At, 2, 10_000, At, [new(OrderStatus.Pending, 1), new(OrderStatus.Confirmed, 1)],
            [new(OrderStatus.Pending, OrderStatus.Confirmed, 1)], [new(At, 2)]),
        [typeof(FoundOrderPage)] = new FoundOrderPage(
            [new(OrderId, UserId, OrderStatus.Pending, 39.98m, "EUR", At, At)], 20, "/api/operations/orders?status=PENDING&cursor=CN7ggSZP4AABmfHEelJ8wJ1-Px8KPFsRAA"),
        [typeof(OrderStory)] = new OrderStory(
            Order, null, null, 0.00m, [new(1, null, OrderStatus.Pending, At, "Placed", "customer")],
            [new(1, "io.cloudforge.order.placed.v1", At, EventDelivery.Sent)],
            [new("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b14", "/payments", At)], null),
        [typeof(DeadLetterDetail)] = Letter,
        [typeof(DeadLetterPage)] = new DeadLetterPage([Letter], 20, null),
        [typeof(ReplayDeadLettersRequest)] = new ReplayDeadLettersRequest("INBOUND", Limit: 100),
        [typeof(ReplayDeadLettersResponse)] = new ReplayDeadLettersResponse(12),
        [typeof(OrderRecord)] = Record,
        [typeof(ImportResponse)] = new ImportResponse(
            100_000, 99_990, 8, 2, [new(17, "A-1017", "items[0].quantity: Is a whole number from 1 to 1000."), new(4_711, null, "Is not UTF-8.")]),
    };

    /// <summary>An example of a type, or <c>null</c>.</summary>
    public static object? Find(Type type) => Examples.GetValueOrDefault(type);
}
