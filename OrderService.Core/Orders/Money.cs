namespace OrderService.Core.Orders;

/// <summary>Arithmetic of amounts: two decimals, rounded half away from zero, once per line.</summary>
public static class Money
{
    /// <summary>The highest amount that there is room for.</summary>
    private const decimal Highest = 9_999_999_999_999_999.99m;

    /// <summary>Whether this is money: neither negative nor finer than cents, with the three capital letters of a currency.</summary>
    public static bool IsAmount(decimal amount, string currency) =>
        amount is >= 0 and <= Highest && decimal.Round(amount, 2) == amount && currency.Length == 3 && currency.All(char.IsAsciiLetterUpper);

    /// <summary>The amount written with its two decimals.</summary>
    public static decimal WithCents(decimal amount) => decimal.Round(amount, 2, MidpointRounding.AwayFromZero) + 0.00m;

    /// <summary>The total of a line, rounded to cents.</summary>
    public static decimal LineTotal(decimal unitPrice, int quantity) =>
        decimal.Round(unitPrice * quantity, 2, MidpointRounding.AwayFromZero);
}
