using System.Globalization;
using System.Net;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;
using OrderService.Tests.Shop;
using OrderService.Worker.Housekeeping;

namespace OrderService.Tests;

/// <summary>
/// What ends by itself ends when its time is up and not before, at whatever moment it began: the clock is the test's, the database is
/// PostgreSQL.
/// </summary>
[Collection(OneShop.Name)]
public sealed class TimeTests(ShopFixture shop)
{
    /// <summary>The smallest step of PostgreSQL's clock.</summary>
    private static readonly TimeSpan Moment = TimeSpan.FromMicroseconds(1);

    /// <summary>An ordinary one, and those before which clocks or calendars do something of their own.</summary>
    public static TheoryData<DateTimeOffset> Beginnings =>
    [
        Utc(2026, 11, 27, 12, 0),
        Utc(2026, 3, 29, 0, 45), // Europe's clocks go forward at 1:00 UTC
        Utc(2026, 10, 25, 0, 45), // … and back
        Utc(2026, 12, 31, 23, 45),
        Utc(2028, 2, 28, 23, 45), // a leap day follows
        Utc(2100, 2, 28, 23, 45), // none follows
    ];

    [Theory]
    [MemberData(nameof(Beginnings))]
    public async Task An_unpaid_order_is_cancelled_when_its_time_is_up_and_not_before(DateTimeOffset placed)
    {
        await using var world = await World.BeginAsync(shop, placed);
        var order = Order.Place(
            Guid.CreateVersion7(placed), Guid.NewGuid(), [new OrderLine("P-0001", "Lamp", 2, 19.99m)], "EUR", "1 Main Street, Springfield", null, null, placed);
        await world.SaveAsync(order);
        var timeouts = new PaymentTimeouts(
            world.Source, world.Scopes, Options.Create(new HousekeepingOptions()), Options.Create(new OrderOptions()), world.Clock, NullLogger<PaymentTimeouts>.Instance);

        world.Clock.Advance(TimeSpan.FromMinutes(30));
        await timeouts.RunOnceAsync(default);
        Assert.Equal(OrderStatus.Pending, (await world.Database.Orders.AsNoTracking().SingleAsync()).Status);

        world.Clock.Advance(Moment);
        await timeouts.RunOnceAsync(default);
        Assert.Equal(OrderStatus.Cancelled, (await world.Database.Orders.AsNoTracking().SingleAsync()).Status);
        var last = (await world.Database.History.AsNoTracking().ToListAsync()).MaxBy(step => step.Sequence)!;
        Assert.Equal((OrderStatus.Cancelled, placed + TimeSpan.FromMinutes(30) + Moment), (last.To, last.At));
        Assert.Single(await world.Database.Outbox.AsNoTracking().Where(message => message.Channel == OutboxChannel.Reservations).ToListAsync());
    }

    [Theory]
    [MemberData(nameof(Beginnings))]
    public async Task What_was_handled_answered_or_claimed_is_remembered_for_its_time_and_no_longer(DateTimeOffset begun)
    {
        await using var world = await World.BeginAsync(shop, begun);
        await world.SaveAsync(
            new InboxMessage { OrderId = Guid.NewGuid(), EventId = "1", Source = "payments", Consumer = "orders", HandledAt = begun },
            new IdempotencyRecord
            {
                UserId = Guid.NewGuid(), Route = "POST /api/orders", Key = "a-key", RequestHash = [1], OrderId = Guid.NewGuid(), StatusCode = 201,
                ETag = "\"1\"", Response = "{}", CreatedAt = begun,
            },
            new IdempotencyClaim
            {
                UserId = Guid.NewGuid(), Route = "POST /api/orders", Key = "a-key", Id = Guid.NewGuid(), RequestHash = [1], ExpiresAt = begun + IdempotencyClaim.Longest,
            });
        var retention = new Retention(world.Source, Options.Create(new HousekeepingOptions()), world.Clock, NullLogger<Retention>.Instance);

        await LookAsync(IdempotencyClaim.Longest, inbox: 1, keys: 1, claims: 1);
        await LookAsync(IdempotencyClaim.Longest + Moment, inbox: 1, keys: 1, claims: 0);
        await LookAsync(TimeSpan.FromHours(24), inbox: 1, keys: 1, claims: 0);
        await LookAsync(TimeSpan.FromHours(24) + Moment, inbox: 1, keys: 0, claims: 0);
        await LookAsync(TimeSpan.FromDays(14), inbox: 1, keys: 0, claims: 0);
        await LookAsync(TimeSpan.FromDays(14) + Moment, inbox: 0, keys: 0, claims: 0);

        async Task LookAsync(TimeSpan age, int inbox, int keys, int claims)
        {
            world.Clock.SetUtcNow(begun + age);
            await retention.RunOnceAsync(default);
            Assert.Equal(
                (inbox, keys, claims),
                (await world.Database.Inbox.CountAsync(), await world.Database.IdempotencyKeys.CountAsync(), await world.Database.IdempotencyClaims.CountAsync()));
        }
    }

    [Theory]
    [MemberData(nameof(Beginnings))]
    public void A_reservation_that_nobody_commits_goes_back_when_its_time_is_up(DateTimeOffset reserved)
    {
        var clock = new FakeTimeProvider(reserved);
        var inventory = new ProductService.Inventory(clock);
        inventory.Put("P-0001", new("Lamp", 19.99m, "EUR", Stock: 5, Active: true));
        var (expiring, committed) = (Guid.NewGuid(), Guid.NewGuid());
        foreach (var id in new[] { expiring, committed })
        {
            Assert.IsType<ProductService.ReserveResult.Reserved>(
                inventory.Reserve(id, new Dictionary<string, int> { ["P-0001"] = 2 }, reserved + TimeSpan.FromMinutes(40)));
        }

        inventory.Commit(committed);

        clock.Advance(TimeSpan.FromMinutes(40) - Moment);
        Assert.Equal(1, inventory.Find("P-0001")!.Available);

        clock.Advance(Moment);
        Assert.Equal(3, inventory.Find("P-0001")!.Available);
        Assert.Equal(ProductService.ReservationState.Expired, inventory.FindReservation(expiring)!.State);
        Assert.Equal(ProductService.ReservationState.Committed, inventory.FindReservation(committed)!.State);
    }

    /// <summary>All that is told is UTC, whatever the machine's time zone, and what is asked counts with its offset.</summary>
    [Theory]
    [InlineData("America/St_Johns")]
    [InlineData("Pacific/Kiritimati")]
    public async Task The_machines_time_zone_is_seen_nowhere(string zone)
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("TZ", zone));
        var customer = new Customer(api.Client, shop.NewCustomer().UserId);
        var product = await shop.NewProductAsync();

        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Body;
        var createdAt = order.GetProperty("createdAt").GetString()!;
        Assert.EndsWith("Z", createdAt, StringComparison.Ordinal);
        var created = DateTimeOffset.Parse(createdAt, CultureInfo.InvariantCulture);
        Assert.InRange(created, DateTimeOffset.UtcNow - TimeSpan.FromMinutes(5), DateTimeOffset.UtcNow + TimeSpan.FromMinutes(5));

        foreach (var offset in new[] { TimeSpan.Zero, TimeSpan.FromHours(14), TimeSpan.FromHours(-9.5) })
        {
            Assert.Equal(1, await CountAsync("from", created.ToOffset(offset)));
            Assert.Equal(0, await CountAsync("from", (created + TimeSpan.FromSeconds(1)).ToOffset(offset)));
            Assert.Equal(0, await CountAsync("to", (created - TimeSpan.FromSeconds(1)).ToOffset(offset)));
        }

        async Task<int> CountAsync(string bound, DateTimeOffset at) =>
            (await customer.GetAsync($"/api/orders?{bound}={Uri.EscapeDataString(at.ToString("O", CultureInfo.InvariantCulture))}"))
            .Is(HttpStatusCode.OK).Body.GetProperty("items").GetArrayLength();
    }

    private static DateTimeOffset Utc(int year, int month, int day, int hour, int minute) => new(year, month, day, hour, minute, 0, TimeSpan.Zero);

    /// <summary>A migrated database, and a clock that stands still.</summary>
    private sealed class World : IAsyncDisposable
    {
        private readonly ServiceProvider _services;

        private World(OrdersDbContext database, DateTimeOffset now)
        {
            (Database, Clock) = (database, new FakeTimeProvider(now));
            Source = NpgsqlDataSource.Create(database.Database.GetConnectionString()!);
            _services = new ServiceCollection()
                .AddDbContext<OrdersDbContext>(options => options.UseNpgsql(Source))
                .BuildServiceProvider();
        }

        public OrdersDbContext Database { get; }

        public NpgsqlDataSource Source { get; }

        public FakeTimeProvider Clock { get; }

        public IServiceScopeFactory Scopes => _services.GetRequiredService<IServiceScopeFactory>();

        public static async Task<World> BeginAsync(ShopFixture shop, DateTimeOffset now)
        {
            var database = await shop.NewDatabaseAsync("time");
            await database.Database.MigrateAsync();
            return new(database, now);
        }

        public async Task SaveAsync(params object[] rows)
        {
            Database.AddRange(rows);
            await Database.SaveChangesAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _services.DisposeAsync();
            await Source.DisposeAsync();
            await Database.DisposeAsync();
        }
    }
}
