using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using Stubs;

namespace ProductService;

/// <summary>What <c>PUT /api/products/{id}</c> takes; <c>active</c> is true unless given.</summary>
internal sealed record PutProduct(string? Name, decimal? Price, string? Currency, int? Stock, bool? Active = null);

/// <summary>Reading and writing products.</summary>
internal static partial class ProductEndpoints
{
    private const int MaxPage = 1_000_000;
    private const int MaxSize = 100;
    private const int MaxIds = 200;
    private const int MaxName = 200;
    private const int MaxStock = 1_000_000;
    private const decimal MaxPrice = 999_999.99m;

    /// <summary>Maps the routes under <c>/api/products</c>.</summary>
    public static void MapProducts(this IEndpointRouteBuilder app)
    {
        var products = app.MapGroup("/api/products").WithTags("Products");
        products.MapGet("/", List).WithSummary("Products by page, or those of ?ids=a,b in that order, unknown ones left out");
        products.MapGet("/{id}", Get).WithSummary("One product").ProducesProblem(404);
        products.MapPut("/{id}", Put).WithSummary("Creates or replaces a product").ProducesProblem(409);
    }

    private static Results<Ok<ProductPage>, ValidationProblem> List(Inventory inventory, string? ids, int page = 0, int size = 20)
    {
        if (ids is not null)
        {
            string[] asked = [.. ids.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct()];
            if (asked.Length > MaxIds)
            {
                return Problems.Invalid(new Dictionary<string, string[]> { ["ids"] = [$"At most {MaxIds} ids at once."] });
            }

            var found = inventory.Find(asked);
            return TypedResults.Ok(new ProductPage(found, 0, found.Count, found.Count));
        }

        var errors = new Dictionary<string, string[]>();
        if (page is < 0 or > MaxPage)
        {
            errors["page"] = [$"A page number from 0 to {MaxPage}."];
        }

        if (size is < 1 or > MaxSize)
        {
            errors["size"] = [$"A page size from 1 to {MaxSize}."];
        }

        return errors.Count > 0 ? Problems.Invalid(errors) : TypedResults.Ok(inventory.List(page, size));
    }

    private static Results<Ok<Product>, ProblemHttpResult> Get(Inventory inventory, string id) =>
        inventory.Find(id) is { } product
            ? TypedResults.Ok(product)
            : Problems.Of(404, "product-not-found", "No such product", $"There is no product '{id}'.");

    private static Results<Ok<Product>, Created<Product>, ValidationProblem, ProblemHttpResult> Put(Inventory inventory, string id, PutProduct body)
    {
        var errors = new Dictionary<string, string[]>();
        if (!ProductId().IsMatch(id))
        {
            errors["id"] = ["1 to 64 letters, digits, '.', '_' or '-'."];
        }

        if (string.IsNullOrWhiteSpace(body.Name) || body.Name.Length > MaxName || body.Name.Any(char.IsControl))
        {
            errors["name"] = [$"1 to {MaxName} characters, not blank, no control characters."];
        }

        if (body.Price is not (>= 0 and <= MaxPrice) || decimal.Round(body.Price.Value, 2) != body.Price)
        {
            errors["price"] = [$"0 to {MaxPrice} with at most two decimals."];
        }

        if (body.Currency is null || !CurrencyCode().IsMatch(body.Currency))
        {
            errors["currency"] = ["An ISO 4217 code of three capital letters, such as EUR."];
        }

        if (body.Stock is not (>= 0 and <= MaxStock))
        {
            errors["stock"] = [$"0 to {MaxStock} units."];
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(errors);
        }

        var details = new ProductDetails(body.Name!, decimal.Round(body.Price!.Value, 2) + 0.00m, body.Currency!, body.Stock!.Value, body.Active ?? true);
        var (product, created, accepted) = inventory.Put(id, details);
        return accepted switch
        {
            false => Problems.Of(409, "stock-below-reserved", "More is reserved than the new stock", $"{product.Reserved} units of '{id}' are reserved: set a stock of at least that, or release them first."),
            true when created => TypedResults.Created($"/api/products/{id}", product),
            true => TypedResults.Ok(product),
        };
    }

    [GeneratedRegex("^[A-Za-z0-9._-]{1,64}\\z")]
    private static partial Regex ProductId();

    [GeneratedRegex("^[A-Z]{3}\\z")]
    private static partial Regex CurrencyCode();
}
