using System.Net.Sockets;
using Microsoft.EntityFrameworkCore;
using Npgsql;

namespace OrderService.Core.Persistence;

/// <summary>Tells failures of the database apart from failures of what was asked of it.</summary>
public static class DatabaseFailure
{
    /// <summary>SQLSTATEs of a server that shuts down, starts, or ends a session.</summary>
    private const string OperatorIntervention = "57P";

    /// <summary>Whether the cause is the connection to PostgreSQL or its state, so that the same may work later.</summary>
    public static bool IsAway(Exception? failure) => failure switch
    {
        PostgresException told => told.IsTransient || told.SqlState.StartsWith(OperatorIntervention, StringComparison.Ordinal),
        // A name that can't be resolved for the moment comes from Npgsql as a bare SocketException.
        NpgsqlException or SocketException or TimeoutException => true,
        // Nor does it tell more of a connection that broke since its last command than that it is not open.
        InvalidOperationException { Source: "Npgsql", InnerException: null } => true,
        DbUpdateException or InvalidOperationException => IsAway(failure.InnerException),
        _ => false,
    };
}
