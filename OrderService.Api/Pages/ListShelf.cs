using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using OrderService.Api.Clients;
using OrderService.Api.Http;

namespace OrderService.Api.Pages;

/// <summary>A page of products.</summary>
/// <param name="Items">Those of the page that are for sale.</param>
/// <param name="Page">Its number, from 0.</param>
/// <param name="Size">Products per page.</param>
/// <param name="TotalItems">Products of all pages.</param>
internal sealed record Shelf(IReadOnlyList<ShelfProduct> Items, int Page, int Size, int TotalItems);

/// <summary>A product as the shop page shows it.</summary>
internal sealed record ShelfProduct(string Id, string Name, decimal Price, string Currency, long Available);

/// <summary>
/// GET /shop/products, in Development: what the Product service sells, passed on for the shop page, whose browser asks nobody else. In the real
/// shop that is a matter of the shop's own front end.
/// </summary>
internal static class ListShelf
{
    private const int Size = 24;
    private const int MaxPage = 10_000;

    public static async Task<Results<Ok<Shelf>, ProblemHttpResult>> HandleAsync(
        ProductClient products, [FromQuery(Name = "page")] string? page, CancellationToken cancellationToken)
    {
        var errors = new InputErrors();
        var number = errors.ReadNumber("page", page, 0, MaxPage, 0);
        if (errors.Problem is { } invalid)
        {
            return invalid;
        }

        var found = await products.ReadPageAsync(number, Size, cancellationToken);
        return TypedResults.Ok(new Shelf(
            [.. found.Items.Where(product => product.Active)
                .Select(product => new ShelfProduct(product.Id, product.Name, product.Price, product.Currency, product.Available))],
            found.Page,
            found.Size,
            found.TotalItems));
    }
}
