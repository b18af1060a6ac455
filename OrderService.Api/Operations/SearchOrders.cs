using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using OrderService.Api.Http;
using OrderService.Api.Orders;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Operations;

/// <summary>Which orders. All as text, so that whatever is wrong with a parameter is told by its name.</summary>
internal sealed record SearchOrdersQuery
{
    /// <summary>Only orders of this customer.</summary>
    [FromQuery(Name = "userId")]
    public string? UserId { get; init; }

    /// <summary>Only orders of this status.</summary>
    [FromQuery(Name = "status")]
    public string? Status { get; init; }

    /// <summary>Orders per page, 1 to 100, 20 by default.</summary>
    [FromQuery(Name = "size")]
    public string? Size { get; init; }

    /// <summary>Where to go on, from the last page's <c>next</c>.</summary>
    [FromQuery(Name = "cursor")]
    public string? Cursor { get; init; }
}

/// <summary>A page of orders, newest first.</summary>
/// <param name="Items">The orders.</param>
/// <param name="Size">Orders per page, at most: with a status a page may have fewer, even none, and others follow.</param>
/// <param name="Next">Address of the next page; <c>null</c> on the last.</param>
internal sealed record FoundOrderPage(IReadOnlyList<FoundOrder> Items, int Size, string? Next);

/// <summary>An order in brief.</summary>
internal sealed record FoundOrder(
    Guid Id, Guid UserId, OrderStatus Status, decimal TotalAmount, string Currency, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt);

/// <summary>
/// GET /api/operations/orders, of all customers. Ids are UUIDv7, so the newest orders are at the end of the primary key. No index has the
/// status: a page looks at no more than <see cref="LookedAt"/> orders for it, and its <c>next</c> goes on behind them.
/// </summary>
internal static class SearchOrders
{
    private const int LookedAt = 10_000;

    public static async Task<Results<Ok<FoundOrderPage>, ProblemHttpResult>> HandleAsync(
        [AsParameters] SearchOrdersQuery query, OrdersDbContext database, HttpContext http, CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var size = errors.ReadNumber("size", query.Size, 1, ListOrders.MaxSize, ListOrders.DefaultSize);
        var cursor = ListOrders.Cursor(query.Cursor, errors);
        var status = ListOrders.Status(query.Status, errors);
        Guid? userId = Identity.TryReadUserId(query.UserId, out var user) ? user : null;
        if (query.UserId is not null && userId is null)
        {
            errors.Add("userId", "Is a UUID.");
        }

        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var orders = NewestFirst(After(Of(database.Orders.AsNoTracking(), userId), cursor, userId), userId);
        var looked = orders.Take(LookedAt);
        var matching = status is null ? looked : looked.Where(order => order.Status == status);
        var found = await NewestFirst(matching, userId)
            .Take(size + 1)
            .Select(order => new FoundOrder(
                order.Id, order.UserId, order.Status, order.TotalAmount, order.Currency, order.CreatedAt, order.UpdatedAt))
            .ToListAsync(cancellationToken);

        OrderCursor? after = null;
        if (found.Count > size)
        {
            found.RemoveAt(size);
            after = new(found[^1].CreatedAt, found[^1].Id, Back: false);
        }
        else if (status is not null)
        {
            after = await orders.Skip(LookedAt - 1).Take(1)
                .Select(order => (OrderCursor?)new OrderCursor(order.CreatedAt, order.Id, false))
                .FirstOrDefaultAsync(cancellationToken);
        }

        return TypedResults.Ok(new FoundOrderPage(found, size, NextPage.Tell(http, after?.ToString())));
    }

    private static IQueryable<Order> Of(IQueryable<Order> orders, Guid? userId) =>
        userId is null ? orders : orders.Where(order => order.UserId == userId);

    /// <summary>Each as the index has it: that of a customer's orders, and else the primary key.</summary>
    private static IQueryable<Order> NewestFirst(IQueryable<Order> orders, Guid? userId) => userId is null
        ? orders.OrderByDescending(order => order.Id)
        : orders.OrderByDescending(order => order.CreatedAt).ThenByDescending(order => order.Id);

    private static IQueryable<Order> After(IQueryable<Order> orders, OrderCursor? cursor, Guid? userId) => cursor is not { } place ? orders
        : userId is null ? orders.Where(order => order.Id < place.Id)
        : orders.Where(order => EF.Functions.LessThan(
            ValueTuple.Create(order.CreatedAt, order.Id), ValueTuple.Create(place.CreatedAt, place.Id)));
}
