using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OrderService.Core.Persistence;
using OrderService.Tests.Chaos;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Sessions with PostgreSQL that stand still, or break.</summary>
[Collection(OneShop.Name)]
public sealed class SessionTests(ShopFixture shop)
{
    [Fact]
    public async Task A_transaction_that_stands_still_loses_its_locks()
    {
        using var host = NewHost(new NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders)));
        var database = host.Services.GetRequiredService<NpgsqlDataSource>();
        const long Lock = 20261122;

        await using var still = await database.OpenConnectionAsync();
        await using var transaction = await still.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", still) { Parameters = { new() { Value = Lock } } };
        await take.ExecuteNonQueryAsync();

        await Eventually.SeeAsync(
            () => shop.ScalarAsync<bool>("SELECT pg_try_advisory_xact_lock($1)", Lock), taken => taken, "somebody else having the lock");
    }

    [Fact]
    public async Task A_statement_whose_connection_broke_while_it_was_prepared_spoils_no_other()
    {
        var direct = new NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders));
        await using var link = new Link(ResourceNames.Postgres, () => direct.Port);
        using var host = NewHost(new(direct.ConnectionString) { Host = "127.0.0.1", Port = link.Port });

        Assert.Equal(1, await AskAsync());

        // The second use of a statement on a connection is when it is prepared.
        link.CutAll();
        await Assert.ThrowsAnyAsync<Exception>(AskAsync);

        // Contexts come from a pool, so that this one goes on with what the last one left.
        Assert.Equal(1, await AskAsync());
        Assert.Equal(1, await AskAsync());

        async Task<int> AskAsync()
        {
            await using var scope = host.Services.CreateAsyncScope();
            return await scope.ServiceProvider.GetRequiredService<OrdersDbContext>().Database.SqlQueryRaw<int>("SELECT 1 AS \"Value\"").SingleAsync();
        }
    }

    private static IHost NewHost(NpgsqlConnectionStringBuilder orders)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection([new($"ConnectionStrings:{ResourceNames.Orders}", orders.ConnectionString)]);
        builder.AddOrdersDatabase(ResourceNames.Orders);
        return builder.Build();
    }
}
