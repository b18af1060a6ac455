using System.Collections.Concurrent;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Clients;
using OrderService.Core;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>
/// Reservations that may have no order: the release failed, or the database broke off and nobody knows whether the order was written.
/// As soon as both sides answer, those without an order are released. What a dying process forgets, the reservation's expiry gives back.
/// </summary>
internal sealed partial class OrphanedReservations(
    IServiceScopeFactory scopes, TimeProvider time, ILogger<OrphanedReservations> logger) : BackgroundService
{
    /// <summary>A commit that is still under way is over by then: it is longer than <see cref="Placement.SaveTimeout"/>.</summary>
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);

    /// <summary>Above it the expiry has to do: an outage so long must not fill the memory.</summary>
    private const int Most = 100_000;

    private readonly ConcurrentDictionary<Guid, (DateTimeOffset LookAt, DateTimeOffset ExpiresAt)> _suspects = new();

    /// <summary>Has a reservation released, unless an order of this id turns up.</summary>
    public void Add(Guid orderId, DateTimeOffset expiresAt)
    {
        if (_suspects.Count < Most)
        {
            _suspects[orderId] = (time.Now() + Delay, expiresAt);
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        OrderTelemetry.ObserveOrphans(() => _suspects.Count);
        using var timer = new PeriodicTimer(Interval, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SettleAsync(stoppingToken);
            }
            catch (Exception e) when (e is DependencyUnavailableException || DatabaseFailure.IsAway(e))
            {
                LogNotYet(logger, _suspects.Count, e.Message);
            }
        }
    }

    private async Task SettleAsync(CancellationToken cancellationToken)
    {
        var now = time.Now();
        foreach (var (expired, _) in _suspects.Where(suspect => suspect.Value.ExpiresAt < now))
        {
            _suspects.TryRemove(expired, out _);
        }

        var due = _suspects.Where(suspect => suspect.Value.LookAt <= now).Select(suspect => suspect.Key).ToArray();
        if (due.Length == 0)
        {
            return;
        }

        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        var products = scope.ServiceProvider.GetRequiredService<ProductClient>();
        var written = await database.Orders.Where(order => due.Contains(order.Id)).Select(order => order.Id).ToHashSetAsync(cancellationToken);
        foreach (var orderId in due)
        {
            if (!written.Contains(orderId))
            {
                await products.ReleaseAsync(orderId, cancellationToken);
                LogReleased(logger, orderId);
            }

            _suspects.TryRemove(orderId, out _);
        }
    }

    [LoggerMessage(EventId = 2104, EventName = "OrphanReleased", Level = LogLevel.Information, Message = "Reservation {OrderId} has no order and is released")]
    private static partial void LogReleased(ILogger logger, Guid orderId);

    [LoggerMessage(EventId = 2105, EventName = "OrphansWaiting", Level = LogLevel.Warning, Message = "{Count} reservations without a known order wait to be released: {Reason}")]
    private static partial void LogNotYet(ILogger logger, int count, string reason);
}
