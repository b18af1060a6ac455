using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>One order that can't get on, for whatever reason, and the others that do.</summary>
[Collection(OneShop.Name)]
public sealed class PoisonTests(ShopFixture shop)
{
    [Fact]
    public async Task An_unpaid_order_that_cannot_be_cancelled_holds_up_none_that_can()
    {
        var (poisoned, other) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var stuck = (await poisoned.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        var unpaid = (await other.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        await shop.ScalarAsync<long>(
            $"""
            CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.status = ''CANCELLED'' THEN RAISE EXCEPTION ''no''; END IF; RETURN NEW; END';
            CREATE TRIGGER refuse_change BEFORE UPDATE ON orders FOR EACH ROW WHEN (OLD.id = '{stuck}') EXECUTE FUNCTION refuse_change();
            """);
        try
        {
            await shop.ScalarAsync<long>("UPDATE orders SET created_at = created_at - interval '3 hours' WHERE id = $1", stuck);
            await shop.ScalarAsync<long>("UPDATE orders SET created_at = created_at - interval '1 hour' WHERE id = $1", unpaid);

            await other.WaitAsync(unpaid, "CANCELLED");
        }
        finally
        {
            await shop.ScalarAsync<long>("DROP TRIGGER refuse_change ON orders; DROP FUNCTION refuse_change();");
        }

        await poisoned.WaitAsync(stuck, "CANCELLED");
    }

    [Fact]
    public async Task Events_of_an_order_that_is_locked_hold_up_no_other_orders_events()
    {
        var (customer, locked) = await PlaceAsync();
        var (other, free) = await PlaceAsync();
        var (third, early) = await PlaceAsync();

        await using (var connection = await shop.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using (var hold = connection.CreateCommand())
            {
                hold.CommandText = "SELECT FROM orders WHERE id = $1 FOR UPDATE";
                hold.Parameters.Add(new() { Value = locked });
                await hold.ExecuteNonQueryAsync();
            }

            // The payment waits first for its order and then beside it; the third order's early event waits in the same place.
            await shop.Publisher.PaymentSucceededAsync(locked, 10.00m);
            await shop.Publisher.FulfilledAsync("picked", early);
            await shop.Publisher.PaymentSucceededAsync(free, 10.00m);
            await shop.Publisher.PaymentSucceededAsync(early, 10.00m);

            await other.WaitAsync(free, "CONFIRMED");
            await third.WaitAsync(early, "PROCESSING");
        }

        await customer.WaitAsync(locked, "CONFIRMED");
    }

    [Fact]
    public async Task A_reservation_that_hangs_holds_up_no_other_orders_reservation()
    {
        var (customer, hanging) = await PlaceAsync();
        var (other, free) = await PlaceAsync();
        await using var products = await HangingProducts.StartAsync(hanging);
        await shop.WithoutWorkerAsync(async () =>
        {
            using var worker = await WorkerProcess.StartAsync(shop, ($"services:{ResourceNames.Products}:http:0", products.Address));
            await shop.Publisher.PaymentSucceededAsync(hanging, 10.00m);
            await Eventually.SeeAsync(() => products.Hanging, count => count > 0, "the first commit hanging");
            await shop.Publisher.PaymentSucceededAsync(free, 10.00m);
            await Eventually.SeeAsync(() => products.Committed(free), committed => committed is not null, "the second commit");

            Assert.Equal(HangingProducts.WhileTheFirstCallHung, products.Committed(free));
        });

        await customer.WaitAsync(hanging, "CONFIRMED");
        await other.WaitAsync(free, "CONFIRMED");
    }

    [Fact]
    public async Task Messages_that_are_odd_in_every_way_hold_up_nobody()
    {
        var (customer, order) = await PlaceAsync();
        var failed = "io.cloudforge.payment.failed.v1";
        var key = order.ToString();
        Dictionary<string, string?> Headers() => new() { ["ce_id"] = Guid.NewGuid().ToString(), ["ce_type"] = failed };

        await shop.Publisher.SendAsync("cloudforge.payments", key, new byte[900_000], Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", new string('k', 5_000), "{}"u8.ToArray(), Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", "\0", "{}"u8.ToArray(), Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", key, Nested(500), Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", key, Body($$"""{"orderId":"{{order}}","reason":"\ud800"}"""), Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", key, [.. Body($$"""{"orderId":"{{order}}","reason":"""), (byte)'"', 0xFF, (byte)'"', (byte)'}'], Headers());
        await shop.Publisher.SendAsync("cloudforge.payments", key, Body($$"""{"orderId":"{{order}}"}"""), new(Headers()) { ["ce_id"] = "" });
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);

        await customer.WaitAsync(order, "CONFIRMED");

        static byte[] Body(string json) => Encoding.UTF8.GetBytes(json);
        static byte[] Nested(int depth) => Body(new string('[', depth) + new string(']', depth));
    }

    [Fact]
    public async Task The_reason_of_a_refused_payment_may_be_any_text()
    {
        var (customer, order) = await PlaceAsync();

        await shop.Publisher.SendAsync(
            "cloudforge.payments", "io.cloudforge.payment.failed.v1", order, $$"""{"orderId":"{{order}}","reason":"No\u0000 {{new string('x', 2_000)}}"}""");

        await customer.WaitAsync(order, "CANCELLED");
        var reason = (await customer.GetAsync($"/api/orders/{order}/history")).Body.GetProperty("items")[1].GetProperty("reason").GetString()!;
        Assert.StartsWith("Payment failed: No", reason, StringComparison.Ordinal);
        Assert.InRange(reason.Length, 100, 600);
        await shop.Events.WaitAsync(order, 2);
    }

    private async Task<(Customer Customer, Guid Order)> PlaceAsync()
    {
        var customer = shop.NewCustomer();
        return (customer, (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id);
    }

    /// <summary>A Product service that never answers about one order.</summary>
    private sealed class HangingProducts(WebApplication app) : IAsyncDisposable
    {
        public const string WhileTheFirstCallHung = "while the first call hung";

        private readonly Dictionary<Guid, string> _committed = [];
        private readonly Lock _guard = new();
        private int _hanging;
        private bool _gaveUp;

        public string Address => app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        public int Hanging => Volatile.Read(ref _hanging);

        public static async Task<HangingProducts> StartAsync(Guid hanging)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            var products = new HangingProducts(builder.Build());
            products.Map(hanging);
            await products.Start();
            return products;
        }

        public string? Committed(Guid order)
        {
            lock (_guard)
            {
                return _committed.GetValueOrDefault(order);
            }
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();

        private Task Start() => app.StartAsync();

        private void Map(Guid hanging) => app.MapPost("/api/reservations/{id:guid}/commit", async (Guid id, HttpContext http) =>
        {
            if (id == hanging)
            {
                Interlocked.Increment(ref _hanging);
                await Task.Delay(Timeout.Infinite, http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Volatile.Write(ref _gaveUp, true);
            }

            lock (_guard)
            {
                _committed.TryAdd(id, Volatile.Read(ref _gaveUp) ? "after the first call was given up" : WhileTheFirstCallHung);
            }

            return Results.Ok();
        });
    }
}
