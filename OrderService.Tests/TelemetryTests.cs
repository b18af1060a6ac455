using System.Diagnostics;
using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What a collector gets: names are a contract with dashboards and alerts.</summary>
[Collection(OneShop.Name)]
public sealed class TelemetryTests(ShopFixture shop) : IAsyncLifetime
{
    public Task InitializeAsync() => shop.SetModeAsync("auto");

    public Task DisposeAsync() => shop.SetModeAsync("manual");

    [Fact]
    public async Task One_trace_runs_from_the_request_through_kafka_to_the_consumer_and_back_into_the_database()
    {
        var customer = shop.NewCustomer();
        await customer.AddAsync(await shop.NewProductAsync(), 1);
        var trace = ActivityTraceId.CreateRandom().ToHexString();

        var order = (await customer.CheckoutAsync(("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"))).Is(HttpStatusCode.Created).Id;
        await customer.WaitAsync(order, "DELIVERED");

        foreach (var (service, span) in new[]
        {
            (ResourceNames.Api, "POST /api/cart/checkout"),
            (ResourceNames.Users, "GET /api/users/{id}"),
            (ResourceNames.Products, "PUT /api/reservations/{reservationId}"),
            (ResourceNames.Api, "postgresql"),
            (ResourceNames.Worker, "send cloudforge.orders"),
            (ResourceNames.Payments, "cloudforge.payments"),
            (ResourceNames.Worker, "process cloudforge.payments"),
            (ResourceNames.Worker, "process cloudforge.fulfilment"),
            (ResourceNames.Worker, "postgresql"),
            (ResourceNames.Products, "POST /api/reservations/{reservationId}/commit"),
        })
        {
            await Eventually.SeeAsync(() => shop.Telemetry.HasSpan(trace, service, span), seen => seen, $"a span '{span}' of {service} in trace {trace}");
        }
    }

    [Fact]
    public async Task The_instruments_have_the_names_that_dashboards_use()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        using var stream = await customer.FollowAsync(order);
        await customer.WaitAsync(order, "DELIVERED");

        foreach (var (service, instrument) in new[]
        {
            (ResourceNames.Api, "orders.placed"),
            (ResourceNames.Api, "orders.listeners"),
            (ResourceNames.Api, "http.server.request.duration"),
            (ResourceNames.Worker, "orders.transitions"),
            (ResourceNames.Worker, "outbox.sent"),
            (ResourceNames.Worker, "outbox.lag"),
            (ResourceNames.Worker, "inbox.events"),
        })
        {
            await Eventually.SeeAsync(() => shop.Telemetry.HasMetric(service, instrument), seen => seen, $"{instrument} of {service}");
        }
    }
}
