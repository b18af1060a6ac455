using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using OrderService.Core.Persistence;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What PostgreSQL does about sessions of ours that stand still.</summary>
[Collection(OneShop.Name)]
public sealed class SessionTests(ShopFixture shop)
{
    [Fact]
    public async Task A_transaction_that_stands_still_loses_its_locks()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Configuration.AddInMemoryCollection(
            [new($"ConnectionStrings:{ResourceNames.Orders}", await shop.ConnectionStringAsync(ResourceNames.Orders))]);
        builder.AddOrdersDatabase(ResourceNames.Orders);
        using var host = builder.Build();
        var database = host.Services.GetRequiredService<NpgsqlDataSource>();
        const long Lock = 20261122;

        await using var still = await database.OpenConnectionAsync();
        await using var transaction = await still.BeginTransactionAsync();
        await using var take = new NpgsqlCommand("SELECT pg_advisory_xact_lock($1)", still) { Parameters = { new() { Value = Lock } } };
        await take.ExecuteNonQueryAsync();

        await Eventually.SeeAsync(
            () => shop.ScalarAsync<bool>("SELECT pg_try_advisory_xact_lock($1)", Lock), taken => taken, "somebody else having the lock");
    }
}
