using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Core.Orders;

namespace OrderService.Api.Operations;

/// <summary>How orders are getting on.</summary>
/// <param name="At">When it was looked at, UTC: up to two seconds ago.</param>
/// <param name="Orders">How many orders <paramref name="States"/> and <paramref name="Steps"/> are about: the newest ones.</param>
/// <param name="CountedTo">No more than so many are looked at; if there are fewer, those are all there are.</param>
/// <param name="Since">When the oldest of them was placed, UTC; <c>null</c> where there are none.</param>
/// <param name="States">How many of them are in each state.</param>
/// <param name="Steps">How many of them have gone each way from state to state.</param>
/// <param name="Minutes">How many orders were placed in each of the last 60 minutes, the oldest first; the last one is not over yet.</param>
internal sealed record SummaryResponse(
    DateTimeOffset At,
    int Orders,
    int CountedTo,
    DateTimeOffset? Since,
    IReadOnlyList<StateCount> States,
    IReadOnlyList<StepCount> Steps,
    IReadOnlyList<MinuteCount> Minutes);

/// <summary>Orders in a state.</summary>
internal sealed record StateCount(OrderStatus Status, int Count);

/// <summary>Orders that have gone from one state to another.</summary>
internal sealed record StepCount(OrderStatus From, OrderStatus To, int Count);

/// <summary>Orders placed in a minute.</summary>
/// <param name="At">When the minute began, UTC.</param>
/// <param name="Placed">How many.</param>
internal sealed record MinuteCount(DateTimeOffset At, int Placed);

/// <summary>GET /api/operations/summary. Whoever asks within two seconds gets the same answer; see <see cref="OrderFigures"/>.</summary>
internal static class GetSummary
{
    public static async Task<Ok<SummaryResponse>> HandleAsync(OrderFigures figures, CancellationToken cancellationToken) =>
        TypedResults.Ok(await figures.ReadAsync(cancellationToken));
}
