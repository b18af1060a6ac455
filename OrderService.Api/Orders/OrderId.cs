namespace OrderService.Api.Orders;

/// <summary>An order's id in an address. What isn't a UUID names no order, and gets the 404 of one that isn't there.</summary>
internal readonly record struct OrderId(Guid Value)
{
    /// <summary>Reads any text.</summary>
    public static bool TryParse(string? text, out OrderId id)
    {
        id = Guid.TryParseExact(text, "D", out var value) ? new(value) : default;
        return true;
    }
}
