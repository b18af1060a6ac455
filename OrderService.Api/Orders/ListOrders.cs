using System.Globalization;
using System.Security.Claims;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>Which orders. All as text, so that whatever is wrong with a parameter is told by its name.</summary>
/// <param name="Page">Number of the page, from 0.</param>
/// <param name="Size">Orders per page, 1 to 100, 20 by default.</param>
/// <param name="Status">Only orders of this status.</param>
/// <param name="From">Only orders placed at this instant or later, ISO 8601.</param>
/// <param name="To">Only orders placed before this instant, ISO 8601.</param>
internal sealed record ListOrdersQuery(
    [FromQuery(Name = "page")] string? Page,
    [FromQuery(Name = "size")] string? Size,
    [FromQuery(Name = "status")] string? Status,
    [FromQuery(Name = "from")] string? From,
    [FromQuery(Name = "to")] string? To);

/// <summary>A page of orders, newest first.</summary>
/// <param name="Items">The orders.</param>
/// <param name="Page">Number of this page, from 0.</param>
/// <param name="Size">Orders per page.</param>
/// <param name="Next">Address of the next page; <c>null</c> on the last.</param>
internal sealed record OrderPage(IReadOnlyList<OrderResponse> Items, int Page, int Size, string? Next);

/// <summary>GET /api/orders</summary>
internal static class ListOrders
{
    private const int DefaultSize = 20;
    private const int MaxSize = 100;

    /// <summary>The last page whose first row still has a number.</summary>
    private const int MaxPage = int.MaxValue / MaxSize - 1;

    private static readonly Dictionary<string, OrderStatus> Statuses =
        Enum.GetValues<OrderStatus>().ToDictionary(status => JsonNamingPolicy.SnakeCaseUpper.ConvertName(status.ToString()));

    public static async Task<Results<Ok<OrderPage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] ListOrdersQuery query,
        ClaimsPrincipal user,
        OrdersDbContext database,
        HttpContext http,
        CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var page = Number("page", query.Page, 0, MaxPage, 0, errors);
        var size = Number("size", query.Size, 1, MaxSize, DefaultSize, errors);
        var from = Instant("from", query.From, errors);
        var to = Instant("to", query.To, errors);
        OrderStatus? status = null;
        if (query.Status is not null)
        {
            status = Statuses.TryGetValue(query.Status, out var known) ? known : null;
            if (status is null)
            {
                errors.Add("status", $"Is one of {string.Join(", ", Statuses.Keys)}.");
            }
        }

        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var userId = user.Id;
        var orders = database.Orders.AsNoTracking().Where(o => o.UserId == userId);
        if (status is not null)
        {
            orders = orders.Where(o => o.Status == status);
        }

        if (from is not null)
        {
            orders = orders.Where(o => o.CreatedAt >= from);
        }

        if (to is not null)
        {
            orders = orders.Where(o => o.CreatedAt < to);
        }

        var found = await orders
            .OrderByDescending(o => o.CreatedAt).ThenByDescending(o => o.Id)
            .Skip(page * size).Take(size + 1)
            .Include(o => o.Items)
            .ToListAsync(cancellationToken);

        var next = found.Count > size ? AddressOf(http.Request, page + 1) : null;
        var links = new List<string>(2);
        if (next is not null)
        {
            links.Add($"<{next}>; rel=\"next\"");
        }

        if (page > 0)
        {
            links.Add($"<{AddressOf(http.Request, page - 1)}>; rel=\"prev\"");
        }

        if (links.Count > 0)
        {
            http.Response.Headers.Link = string.Join(", ", links);
        }

        return TypedResults.Ok(new OrderPage([.. found.Take(size).Select(OrderResponse.Of)], page, size, next));
    }

    /// <summary>The same query on another page, relative to the host (which a gateway may have replaced).</summary>
    private static string AddressOf(HttpRequest request, int page)
    {
        var parameters = request.Query
            .Where(parameter => !parameter.Key.Equals("page", StringComparison.OrdinalIgnoreCase))
            .Append(new("page", page.ToString(CultureInfo.InvariantCulture)));
        return QueryHelpers.AddQueryString(request.PathBase + request.Path, parameters);
    }

    private static int Number(string field, string? text, int min, int max, int otherwise, InputErrors errors)
    {
        if (text is null)
        {
            return otherwise;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
        {
            errors.Add(field, $"Is a whole number from {min} to {max}.");
        }

        return number;
    }

    private static DateTimeOffset? Instant(string field, string? text, InputErrors errors)
    {
        if (text is null)
        {
            return null;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, Utc, out var instant))
        {
            return instant;
        }

        errors.Add(field, "Is an instant in ISO 8601, such as 2026-01-31T00:00:00Z.");
        return null;
    }
}
