using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Orders;

/// <summary>A line of a request: a product and how many pieces of it.</summary>
internal sealed record RequestedLine(string? ProductId, int? Quantity)
{
    /// <summary>Checks lines and sums them by product. None if something is wrong with them.</summary>
    public static IReadOnlyList<ProductQuantity> Sum(string field, IReadOnlyList<RequestedLine?>? lines, InputErrors errors)
    {
        if (lines is null or { Count: 0 or > OrderLimits.MaxLines })
        {
            errors.Add(field, $"Has 1 to {OrderLimits.MaxLines} lines.");
            return [];
        }

        for (var i = 0; i < lines.Count; i++)
        {
            if (lines[i] is not { } line)
            {
                errors.Add($"{field}[{i}]", "Is required.");
                continue;
            }

            errors.RequireProductId($"{field}[{i}].productId", line.ProductId);
            errors.RequireQuantity($"{field}[{i}].quantity", line.Quantity);
        }

        return errors.Problem is not null
            ? []
            : [.. lines
                .GroupBy(line => line!.ProductId!, StringComparer.Ordinal)
                .Select(product => new ProductQuantity(product.Key, product.Sum(line => line!.Quantity!.Value)))];
    }
}
