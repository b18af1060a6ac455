using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Consumers;

/// <summary>
/// Tries again what came too early or failed, and parks it after its last try. Replicas claim rows by moving their next try ahead, so
/// one that is killed leaves its rows to the others; the number of tries tells whether a claim still holds. Orders are worked on beside
/// each other, and one that can't get on is left to itself.
/// </summary>
internal sealed partial class Redelivery(
    NpgsqlDataSource database,
    IServiceScopeFactory scopes,
    ExternalEventHandler handler,
    ParkingLot parkingLot,
    IOptions<ConsumerOptions> options,
    TimeProvider time,
    ILogger<Redelivery> logger) : PeriodicJob(options.Value.RedeliveryInterval, time, logger)
{
    /// <summary>The error of a message whose order isn't there yet.</summary>
    public const string TooEarlyReason = "The order is not there, or not that far yet.";

    /// <summary>The error of a message whose handling took too long.</summary>
    public const string TooLongReason = "Handling it took too long; the order may be locked by somebody else.";

    private const int BatchSize = 50;
    private const int OrdersAtOnce = 8;

    /// <summary>How long a claim holds: longer than a try takes.</summary>
    private static readonly TimeSpan Claim = TimeSpan.FromSeconds(30);

    /// <summary>How long a batch is waited for before its slow orders are left to themselves and the next one is claimed.</summary>
    private static readonly TimeSpan BatchPatience = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _places = new(OrdersAtOnce);
    private readonly Dictionary<string, Task> _underWay = [];

    /// <inheritdoc />
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await Task.WhenAll(_underWay.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <inheritdoc />
    protected internal override async Task<bool> RunOnceAsync(CancellationToken cancellationToken)
    {
        var claimed = _underWay.Count < BatchSize && await IsAnyDueAsync(cancellationToken) ? await ClaimAsync([.. _underWay.Keys], cancellationToken) : [];
        foreach (var order in claimed.GroupBy(row => row.Key ?? ""))
        {
            _underWay.Add(order.Key, TryOrderAgainAsync(order, cancellationToken));
        }

        var all = Task.WhenAll(_underWay.Values);
        await all.WaitAsync(BatchPatience, Time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var done = _underWay.Where(order => order.Value.IsCompleted).ToList();
        done.ForEach(order => _underWay.Remove(order.Key));
        await Task.WhenAll(done.Select(order => order.Value));
        return claimed.Count == BatchSize;
    }

    /// <summary>Nothing is due most of the time, and to know that needs neither a transaction nor EF Core (docs/decisions/0029).</summary>
    private async Task<bool> IsAnyDueAsync(CancellationToken cancellationToken)
    {
        await using var question = database.CreateCommand();
        question.CommandText = "SELECT EXISTS (SELECT FROM parked_messages WHERE next_attempt_at <= $1)";
        question.Parameters.Add(new() { Value = Time.Now() });
        return (bool)(await question.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task<List<ParkedMessage>> ClaimAsync(string[] busy, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var now = Time.Now();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var due = await db.Parked
            .FromSql(
                $"""
                SELECT * FROM parked_messages
                WHERE next_attempt_at <= {now} AND coalesce(key, '') <> ALL ({busy})
                ORDER BY next_attempt_at
                LIMIT {BatchSize}
                FOR UPDATE SKIP LOCKED
                """)
            .ToListAsync(cancellationToken);
        foreach (var row in due)
        {
            row.Attempts++;
            row.NextAttemptAt = now + Claim;
        }

        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return due;
    }

    private async Task TryOrderAgainAsync(IEnumerable<ParkedMessage> order, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        try
        {
            await TryRowsAgainAsync(order, cancellationToken);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task TryRowsAgainAsync(IEnumerable<ParkedMessage> order, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var isStuck = false;
        foreach (var row in order)
        {
            var claim = db.Parked.Where(parked => parked.Id == row.Id && parked.Attempts == row.Attempts && parked.NextAttemptAt != null);
            var next = Time.Now() + Backoff<Guid>.After(row.Attempts, options.Value.MinBackoff, options.Value.MaxBackoff);
            if (isStuck)
            {
                await claim.ExecuteUpdateAsync(
                    set => set.SetProperty(parked => parked.Attempts, row.Attempts - 1).SetProperty(parked => parked.NextAttemptAt, next),
                    cancellationToken);
                continue;
            }

            var failure = await TryAsync(row, cancellationToken);
            if (failure is null)
            {
                await db.Parked.Where(parked => parked.Id == row.Id).ExecuteDeleteAsync(cancellationToken);
                continue;
            }

            isStuck = failure.Kind == FailureKind.Stuck;
            var error = ParkingLot.ToText(failure.Reason);
            var isLast = failure.Kind == FailureKind.Final || row.Attempts >= options.Value.MaxAttempts;
            DateTimeOffset? retry = isLast ? null : next;
            var claims = await claim.ExecuteUpdateAsync(
                set => set.SetProperty(parked => parked.Error, error).SetProperty(parked => parked.NextAttemptAt, retry), cancellationToken);
            if (isLast && claims > 0)
            {
                parkingLot.NoteParked(row.Topic, row.Key, row.Id, error);
            }
        }
    }

    private async Task<Failure?> TryAsync(ParkedMessage row, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Value.Patience * row.Attempts);
        try
        {
            var headers = JsonSerializer.Deserialize<Dictionary<string, string>>(row.Headers) ?? [];
            var outcome = await handler.HandleAsync(new IncomingMessage(row.Id, row.Topic, row.Key, headers, row.Payload), patience.Token);
            return outcome == HandlingOutcome.TooEarly ? new(TooEarlyReason, FailureKind.Early) : null;
        }
        catch (Exception e) when (ExternalEventHandler.IsFinal(e))
        {
            return new(e.Message, FailureKind.Final);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(TooLongReason, FailureKind.Stuck);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            LogFailed(logger, row.Id, row.Attempts, e);
            return new(e.Message, FailureKind.Stuck);
        }
    }

    private enum FailureKind
    {
        /// <summary>The order isn't that far; another event of it may be what is missing.</summary>
        Early,

        /// <summary>The order's other events would fail as well.</summary>
        Stuck,

        /// <summary>No repeat can help.</summary>
        Final,
    }

    private sealed record Failure(string Reason, FailureKind Kind);

    [LoggerMessage(EventId = 3104, EventName = "RedeliveryFailed", Level = LogLevel.Error, Message = "Message {Id} failed at try {Attempt}")]
    private static partial void LogFailed(ILogger logger, Guid id, int attempt, Exception exception);
}
