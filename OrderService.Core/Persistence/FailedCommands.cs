using System.Data.Common;
using Microsoft.EntityFrameworkCore.Diagnostics;

namespace OrderService.Core.Persistence;

/// <summary>
/// Sees to it that a command that failed is not used again. Npgsql (10.0.3 and before) keeps the last command of a connection for the
/// next one, and EF Core the connection of a pooled context. A command whose connection broke while it was being prepared is kept as one
/// that is still being prepared: whoever gets it meets a <see cref="NullReferenceException"/>, and the next on the same connection what
/// the server had answered to it. Where another one is kept already, the one that failed is thrown away.
/// </summary>
internal sealed class FailedCommands : DbCommandInterceptor
{
    public static readonly FailedCommands Discarded = new();

    public override void CommandFailed(DbCommand command, CommandErrorEventData eventData) => Keep(eventData.Connection);

    public override Task CommandFailedAsync(DbCommand command, CommandErrorEventData eventData, CancellationToken cancellationToken = default)
    {
        Keep(eventData.Connection);
        return Task.CompletedTask;
    }

    public override void CommandCanceled(DbCommand command, CommandEndEventData eventData) => Keep(eventData.Connection);

    public override Task CommandCanceledAsync(DbCommand command, CommandEndEventData eventData, CancellationToken cancellationToken = default)
    {
        Keep(eventData.Connection);
        return Task.CompletedTask;
    }

    /// <summary>Has the connection keep a new command, which it does when one is disposed of.</summary>
    private static void Keep(DbConnection connection) => connection.CreateCommand().Dispose();
}
