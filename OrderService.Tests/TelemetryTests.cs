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
            (ResourceNames.Api, "orders.placement.duration"),
            (ResourceNames.Api, "reservations.orphaned"),
            (ResourceNames.Api, "http.server.request.duration"),
            (ResourceNames.Worker, "orders.transitions"),
            (ResourceNames.Worker, "outbox.sent"),
            (ResourceNames.Worker, "outbox.delivery.duration"),
            (ResourceNames.Worker, "inbox.events"),
            (ResourceNames.Worker, "consumer.lag"),
        })
        {
            await Eventually.SeeAsync(() => shop.Telemetry.HasMetric(service, instrument), seen => seen, $"{instrument} of {service}");
        }
    }

    [Fact]
    public async Task What_becomes_of_orders_is_counted_by_reason_by_step_and_by_state()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 3);

        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        (await customer.OrderAsync(product, 5)).IsProblem(HttpStatusCode.Conflict, "insufficient-stock");
        await customer.AddAsync(product, 2);
        (await customer.CheckoutAsync()).Is(HttpStatusCode.Created);
        (await customer.CheckoutAsync()).IsProblem(HttpStatusCode.Conflict, "cart-empty");
        await customer.WaitAsync(order, "DELIVERED");

        foreach (var (service, name, attributes, atLeast) in new (string, string, string, int)[]
        {
            (ResourceNames.Api, "orders.placed", "", 2),
            (ResourceNames.Api, "orders.refused", "error.type=insufficient-stock", 1),
            (ResourceNames.Api, "orders.refused", "error.type=cart-empty", 1),
            (ResourceNames.Api, "orders.placement.duration", "placement.step=customer", 3),
            (ResourceNames.Api, "orders.placement.duration", "placement.step=reservation", 3),
            (ResourceNames.Api, "orders.placement.duration", "placement.step=save", 2),
            (ResourceNames.Api, "orders.placement.duration", "placement.step=cart", 2),
            (ResourceNames.Api, "cart.lines", "", 1),
            (ResourceNames.Api, "cart.pieces", "", 1),
            (ResourceNames.Worker, "orders.transitions", "order.status.from=PENDING order.status.to=CONFIRMED order.transition.reason=paid", 1),
            (ResourceNames.Worker, "orders.transitions", "order.status.from=SHIPPED order.status.to=DELIVERED order.transition.reason=received", 1),
            (ResourceNames.Worker, "outbox.sent", "outbox.channel=EVENTS", 5),
            (ResourceNames.Worker, "outbox.delivery.duration", "outbox.channel=RESERVATIONS", 1),
            (ResourceNames.Worker, "inbox.events", "cloudevents.event_type=io.cloudforge.payment.succeeded.v1 event.outcome=applied", 1),
        })
        {
            await Eventually.SeeAsync(
                () => shop.Telemetry.MetricsOf(service, name).Where(point => point.AttributesText == attributes).Sum(point => point.Value),
                count => count >= atLeast,
                $"{name} of {service} with {attributes} being {atLeast} or more");
        }

        await Eventually.SeeAsync(
            () => shop.Telemetry.MetricsOf(ResourceNames.Api, "http.server.request.duration")
                .Any(point => point.Attributes.GetValueOrDefault("problem.type") == "insufficient-stock"
                    && point.Attributes.GetValueOrDefault("http.response.status_code") == "409"),
            seen => seen,
            "requests by the name of their problem");
    }

    [Fact]
    public async Task One_worker_tells_what_waits()
    {
        await shop.SetModeAsync("manual");
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;

        foreach (var (name, attributes) in new[]
        {
            ("outbox.depth", "outbox.channel=EVENTS"),
            ("outbox.depth", "outbox.channel=RESERVATIONS"),
            ("outbox.parked", "outbox.channel=EVENTS"),
            ("outbox.lag", "outbox.channel=EVENTS"),
            ("inbox.waiting", ""),
            ("inbox.parked", ""),
            ("reservations.held", ""),
            ("orders.pending.age", ""),
        })
        {
            await Eventually.SeeAsync(
                () => shop.Telemetry.MetricsOf(ResourceNames.Worker, name).Any(point => point.AttributesText == attributes),
                seen => seen,
                $"{name} with {attributes}");
        }

        foreach (var name in new[] { "reservations.held", "orders.pending.age" })
        {
            await Eventually.SeeAsync(
                () => shop.Telemetry.MetricsOf(ResourceNames.Worker, name).Sum(point => point.Value), value => value > 0, $"{name} of an unpaid order");
        }

        (await customer.CancelAsync(order)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Of_several_workers_one_tells_what_waits()
    {
        const string Second = "second-replica";
        using var second = await WorkerProcess.StartAsync(
            shop,
            ("OTEL_SERVICE_NAME", Second),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", shop.Telemetry.Endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
            ("Housekeeping:BacklogInterval", "00:00:01"));

        // Time enough to have told it, if it were to.
        await Eventually.SeeAsync(() => shop.Telemetry.ExportsOf(Second), exports => exports >= 25, "metrics of the second worker");
        await Eventually.SeeAsync(
            () => (First: shop.Telemetry.TellsNow(ResourceNames.Worker, "outbox.lag"), Second: shop.Telemetry.TellsNow(Second, "outbox.lag")),
            tells => tells.First != tells.Second,
            "one of the two telling what waits");

        Assert.Equal(0, await second.StopAsync());
    }

    [Fact]
    public async Task A_histogram_leads_to_the_trace_of_a_request_that_is_in_it()
    {
        var trace = ActivityTraceId.CreateRandom().ToHexString();

        var order = await shop.NewCustomer().OrderAsync(
            await shop.NewProductAsync(), 1, ("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01"));
        order.Is(HttpStatusCode.Created);

        await Eventually.SeeAsync(() => shop.Telemetry.HasExemplar(trace), seen => seen, $"an exemplar of trace {trace}");
    }

    [Fact]
    public async Task Metrics_have_the_attributes_that_are_documented_and_no_others()
    {
        var documented = Documents.Rows("telemetry.md", "Name", "Type", "Unit")
            .ToDictionary(row => Documents.Quoted(row[0]).Single(), row => (Attributes: Documents.Quoted(row[3]), Of: row[4].Split(", ")));
        await Eventually.SeeAsync(() => shop.Telemetry.HasMetric(ResourceNames.Worker, "outbox.lag"), seen => seen, "metrics of the worker");

        foreach (var point in shop.Telemetry.AllMetrics().Where(point => documented.ContainsKey(point.Name)))
        {
            Assert.True(documented[point.Name].Of.Contains(point.Service) || point.Service is not (ResourceNames.Api or ResourceNames.Worker), $"{point}");
            Assert.All(point.Attributes.Keys, attribute => Assert.Contains(attribute, documented[point.Name].Attributes));
        }
    }
}
