namespace OrderService.Core.Orders;

/// <summary>Arithmetic of amounts: two decimals, rounded half away from zero, once per line.</summary>
public static class Money
{
    /// <summary>The total of a line, rounded to cents.</summary>
    public static decimal LineTotal(decimal unitPrice, int quantity) =>
        decimal.Round(unitPrice * quantity, 2, MidpointRounding.AwayFromZero);
}
