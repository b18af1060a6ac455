using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using OrderService.Core.Persistence;

namespace OrderService.Tests.Rules;

/// <summary>What means 'the database is away' and what means 'the database said no'.</summary>
public sealed class DatabaseFailureTests
{
    public static TheoryData<Exception, bool> Failures => new()
    {
        { new NpgsqlException("Exception while reading from stream", new IOException()), true },
        { new NpgsqlException("Failed to connect", new SocketException()), true },
        { new SocketException((int)SocketError.HostNotFound), true },
        { new TimeoutException(), true },
        { Told("57P01"), true },
        { Told("57P02"), true },
        { Told("57P03"), true },
        { Told("57P05"), true },
        { Told("53300"), true },
        { Told("40P01"), true },
        { new DbUpdateException("Saving failed", Told("57P01")), true },
        { new InvalidOperationException("Likely a transient failure", new DbUpdateException("Saving failed", new NpgsqlException())), true },
        { new InvalidOperationException("Connection is not open") { Source = "Npgsql" }, true },
        { Told("23505"), false },
        { Told("22003"), false },
        { new DbUpdateException("Saving failed", Told("23505")), false },
        { new DbUpdateConcurrencyException("Lost"), false },
        { new InvalidOperationException("Ours"), false },
        { new ArgumentException("Ours"), false },
    };

    [Theory]
    [MemberData(nameof(Failures))]
    public void A_database_that_is_away_is_told_from_one_that_refuses(Exception failure, bool isAway) =>
        Assert.Equal(isAway, DatabaseFailure.IsAway(failure));

    private static PostgresException Told(string sqlState) => new("Told", "FATAL", "FATAL", sqlState);
}
