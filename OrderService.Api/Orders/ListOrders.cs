using System.Globalization;
using System.Security.Claims;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using OrderService.Api.Http;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Which orders. All as text, so that whatever is wrong with a parameter is told by its name.</summary>
internal sealed record ListOrdersQuery
{
    /// <summary>Number of the page, from 0. With a cursor it is only counted on.</summary>
    [FromQuery(Name = "page")]
    public string? Page { get; init; }

    /// <summary>Orders per page, 1 to 100, 20 by default.</summary>
    [FromQuery(Name = "size")]
    public string? Size { get; init; }

    /// <summary>Where to read on, from the address of another page; what is placed meanwhile moves nothing.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }

    /// <summary>Only orders of this status.</summary>
    [FromQuery(Name = "status")]
    public string? Status { get; init; }

    /// <summary>Only orders placed at this instant or later: an ISO 8601 date or date-time, UTC unless it has an offset.</summary>
    [FromQuery(Name = "from")]
    public string? From { get; init; }

    /// <summary>Only orders placed before this instant: an ISO 8601 date or date-time, UTC unless it has an offset.</summary>
    [FromQuery(Name = "to")]
    public string? To { get; init; }

    /// <summary><c>true</c> counts the orders of all pages as well.</summary>
    [FromQuery(Name = "includeTotal")]
    public string? IncludeTotal { get; init; }
}

/// <summary>A page of orders, newest first.</summary>
/// <param name="Items">The orders.</param>
/// <param name="Page">Number of this page, from 0.</param>
/// <param name="Size">Orders per page.</param>
/// <param name="Next">Address of the next page; <c>null</c> on the last.</param>
/// <param name="TotalItems">Orders of all pages; only if the request asks for it.</param>
internal sealed record OrderPage(
    IReadOnlyList<OrderResponse> Items,
    int Page,
    int Size,
    string? Next,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] int? TotalItems);

/// <summary>
/// GET /api/orders. The addresses of other pages (<c>next</c>, and RFC 8288 links) carry a cursor, so that following them neither
/// skips nor repeats an order whatever is placed meanwhile. A page number alone counts from the newest order.
/// </summary>
internal static partial class ListOrders
{
    /// <summary>Orders per page, unless asked for more or fewer.</summary>
    public const int DefaultSize = 20;
    /// <summary>Orders per page, at most.</summary>
    public const int MaxSize = 100;

    /// <summary>The last page whose first row still has a number.</summary>
    private const int MaxPage = int.MaxValue / MaxSize - 1;

    private static readonly string[] Iso8601 =
        ["yyyy-MM-dd", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd'T'HH:mm:ssK", "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK"];

    public static async Task<Results<Ok<OrderPage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] ListOrdersQuery query,
        ClaimsPrincipal user,
        OrderReader orders,
        HttpContext http,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var page = errors.ReadNumber("page", query.Page, 0, MaxPage, 0);
        var size = errors.ReadNumber("size", query.Size, 1, MaxSize, DefaultSize);
        var cursor = Cursor(query.Cursor, errors);
        var status = Status(query.Status, errors);
        var from = Instant("from", query.From, errors);
        var to = Instant("to", query.To, errors);
        var includeTotal = Flag("includeTotal", query.IncludeTotal, errors);
        if (from > to)
        {
            errors.Add("from", "Is after 'to'.");
            errors.Add("to", "Is before 'from'.");
        }

        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var filter = new OrderFilter(user.Id, status, from, to);
        var back = cursor is { Back: true };
        var found = await orders.ListAsync(filter, cursor, skip: page * size, take: size + 1, cancellationToken);
        var more = found.Count > size;
        if (more)
        {
            found.RemoveAt(size);
        }

        if (back)
        {
            found.Reverse();
        }

        // Where nothing is left, the way on starts at that end of the list.
        var next = (back ? cursor != OrderCursor.End : more)
            ? AddressOf(http.Request, query, Math.Min(page + 1, MaxPage), found is [.., var oldest] ? OrderCursor.After(oldest) : null)
            : null;
        var prev = (back ? more : cursor is not null || page > 0)
            ? AddressOf(http.Request, query, Math.Max(page - 1, 0), found is [var newest, ..] ? OrderCursor.Before(newest) : OrderCursor.End)
            : null;
        string?[] links = [LinkTo(next, "next"), LinkTo(prev, "prev")];
        if (links.OfType<string>().ToArray() is { Length: > 0 } present)
        {
            http.Response.Headers.Link = string.Join(", ", present);
        }

        return TypedResults.Ok(new OrderPage(
            found,
            page,
            size,
            next,
            includeTotal ? await orders.CountAsync(filter, cancellationToken) : null));
    }

    private static string? LinkTo(string? address, string relation) => address is null ? null : $"<{address}>; rel=\"{relation}\"";

    /// <summary>Another page of the same orders, relative to the host (which a gateway may have replaced). No cursor: the first page.</summary>
    private static string AddressOf(HttpRequest request, ListOrdersQuery query, int page, OrderCursor? cursor) =>
        QueryHelpers.AddQueryString(request.PathBase + request.Path, new Dictionary<string, string?>
        {
            ["status"] = query.Status,
            ["from"] = query.From,
            ["to"] = query.To,
            ["includeTotal"] = query.IncludeTotal,
            ["size"] = query.Size,
            ["page"] = (cursor is null ? 0 : page).ToString(CultureInfo.InvariantCulture),
            ["cursor"] = cursor?.ToString(),
        });

    /// <summary>Reads a place in a list.</summary>
    public static OrderCursor? Cursor(string? text, InputErrors errors)
    {
        if (text is null)
        {
            return null;
        }

        if (!OrderCursor.TryParse(text, out var cursor))
        {
            errors.Add("cursor", "Is taken as it is from the address of a next or previous page.");
        }

        return cursor;
    }

    /// <summary>Reads the name of a status.</summary>
    public static OrderStatus? Status(string? text, InputErrors errors)
    {
        if (text is null)
        {
            return null;
        }

        if (!UpperCase.TryRead<OrderStatus>(text, out var status))
        {
            errors.Add("status", $"Is one of {string.Join(", ", Enum.GetValues<OrderStatus>().Select(UpperCase.NameOf))}.");
        }

        return status;
    }

    /// <summary>Reads a date or an instant.</summary>
    public static DateTimeOffset? Instant(string field, string? text, InputErrors errors)
    {
        if (text is null)
        {
            return null;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParseExact(FinerThanTicks().Replace(text, "$1"), Iso8601, CultureInfo.InvariantCulture, Utc, out var instant))
        {
            return instant;
        }

        errors.Add(field, "Is an ISO 8601 date or date-time, such as 2026-01-31 or 2026-01-31T09:30:00Z. A '+' is written %2B in an address.");
        return null;
    }

    private static bool Flag(string field, string? text, InputErrors errors)
    {
        if (text is not (null or "true" or "false"))
        {
            errors.Add(field, "Is true or false.");
        }

        return text == "true";
    }

    /// <summary>Decimals of a second beyond the seventh, which other platforms write and a <see cref="DateTimeOffset"/> can't hold.</summary>
    [GeneratedRegex(@"(\.[0-9]{7})[0-9]{1,2}(?=\D|\z)")]
    private static partial Regex FinerThanTicks();
}
