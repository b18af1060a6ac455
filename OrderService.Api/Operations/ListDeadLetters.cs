using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Which messages. All as text, so that whatever is wrong with a parameter is told by its name.</summary>
internal sealed record ListDeadLettersQuery
{
    /// <summary><c>PARKED</c> (the default), or <c>WAITING</c>: incoming ones that are tried again by themselves.</summary>
    [FromQuery(Name = "state")]
    public string? State { get; init; }

    /// <summary><c>INBOUND</c> or <c>OUTBOUND</c>; both without it.</summary>
    [FromQuery(Name = "direction")]
    public string? Direction { get; init; }

    /// <summary>Only messages of this type.</summary>
    [FromQuery(Name = "type")]
    public string? Type { get; init; }

    /// <summary>Only messages of this order.</summary>
    [FromQuery(Name = "orderId")]
    public string? OrderId { get; init; }

    /// <summary>Messages per page, 1 to 100, 20 by default.</summary>
    [FromQuery(Name = "size")]
    public string? Size { get; init; }

    /// <summary>Where to go on, from the last page's <c>next</c>.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
}

/// <summary>A page of messages, newest first.</summary>
/// <param name="Items">The messages.</param>
/// <param name="Size">Messages per page.</param>
/// <param name="Next">Address of the next page; <c>null</c> on the last.</param>
internal sealed record DeadLetterPage(IReadOnlyList<DeadLetter> Items, int Size, string? Next);

/// <summary>GET /api/operations/dead-letters</summary>
internal static class ListDeadLetters
{
    private const int DefaultSize = 20;
    private const int MaxSize = 100;

    public static async Task<Results<Ok<DeadLetterPage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] ListDeadLettersQuery query, OrdersDbContext database, HttpContext http, CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var filter = DeadLetterFilter.Read(query.Direction, query.Type, query.OrderId, errors);
        var state = DeadLetterFilter.OneOf<DeadLetterState>("state", query.State, errors) ?? DeadLetterState.Parked;
        var size = errors.ReadNumber("size", query.Size, 1, MaxSize, DefaultSize);
        var after = CursorIn(query.Cursor, errors);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var isParked = state == DeadLetterState.Parked;
        var found = new List<DeadLetter>();
        if (filter.Inbound(database) is { } inbound)
        {
            inbound = isParked ? inbound.Where(message => message.NextAttemptAt == null) : inbound.Where(message => message.NextAttemptAt != null);
            var messages = await inbound
                .Where(message => EF.Functions.LessThan(ValueTuple.Create(message.FailedAt, message.Id), ValueTuple.Create(after.At, after.Id)))
                .OrderByDescending(message => message.FailedAt).ThenByDescending(message => message.Id)
                .Take(size + 1)
                .Select(m => new { m.Id, m.Topic, m.Key, m.Headers, m.Error, m.Attempts, m.FailedAt, m.NextAttemptAt })
                .ToListAsync(cancellationToken);
            found.AddRange(messages.Select(message => new DeadLetter
            {
                Id = message.Id,
                Direction = DeadLetterDirection.Inbound,
                State = state,
                Source = message.Topic,
                Key = message.Key,
                Type = DeadLetters.TypeIn(message.Headers),
                Error = message.Error,
                Attempts = message.Attempts,
                FailedAt = message.FailedAt,
                NextAttemptAt = message.NextAttemptAt,
            }));
        }

        if (isParked && filter.Outbound(database) is { } outbound)
        {
            var rows = await outbound
                .Where(row => EF.Functions.LessThan(ValueTuple.Create(row.ParkedAt!.Value, row.Id), ValueTuple.Create(after.At, after.Id)))
                .OrderByDescending(row => row.ParkedAt).ThenByDescending(row => row.Id)
                .Take(size + 1)
                .Select(r => new { r.Id, r.Channel, r.OrderId, r.Type, r.Error, r.ParkedAt })
                .ToListAsync(cancellationToken);
            found.AddRange(rows.Select(row => new DeadLetter
            {
                Id = row.Id,
                Direction = DeadLetterDirection.Outbound,
                State = state,
                Source = UpperCase.NameOf(row.Channel),
                Key = row.OrderId.ToString(),
                Type = row.Type,
                Error = row.Error,
                Attempts = null,
                FailedAt = row.ParkedAt,
                NextAttemptAt = null,
            }));
        }

        // PostgreSQL compares UUIDs by their bytes as they are written, and so does their text.
        var page = found
            .OrderByDescending(letter => letter.FailedAt).ThenByDescending(letter => letter.Id.ToString(), StringComparer.Ordinal)
            .Take(size)
            .ToList();
        return TypedResults.Ok(new DeadLetterPage(page, size, NextPage.Tell(http, found.Count > size ? CursorOf(page[^1]) : null)));
    }

    private static string CursorOf(DeadLetter last) => string.Create(CultureInfo.InvariantCulture, $"{last.FailedAt!.Value.UtcTicks}.{last.Id}");

    private static (DateTimeOffset At, Guid Id) CursorIn(string? cursor, InputErrors errors)
    {
        if (cursor is null)
        {
            return (DateTimeOffset.MaxValue, Guid.AllBitsSet);
        }

        if (cursor.Split('.') is [var at, var id]
            && long.TryParse(at, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTime.MaxValue.Ticks
            && Guid.TryParseExact(id, "D", out var last))
        {
            return (new DateTimeOffset(ticks, TimeSpan.Zero), last);
        }

        errors.Add("cursor", "Is the cursor of an earlier page's 'next'.");
        return default;
    }
}
