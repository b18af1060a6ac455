using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http.HttpResults;
using OrderService.Core.Orders;

namespace OrderService.Api.Http;

/// <summary>Collects what is wrong with a request, by field as the client wrote it: <c>items[0].quantity</c>.</summary>
internal sealed partial class InputErrors
{
    /// <summary>The spelling of a product's id. Starts with a letter or digit: '..' would be another address of the Product service.</summary>
    public const string ProductIdPattern = ProductIdCharacters + "$";

    private const string ProductIdCharacters = "^[A-Za-z0-9][A-Za-z0-9._:-]*";

    private readonly Dictionary<string, string[]> _errors = [];

    /// <summary>The 400 for what was found, or <c>null</c>.</summary>
    public ProblemHttpResult? Problem => _errors.Count > 0 ? Problems.Invalid(_errors) : null;

    /// <summary>Whether nothing is wrong.</summary>
    public bool IsEmpty => _errors.Count == 0;

    /// <summary>What was found, in one line.</summary>
    public override string ToString() => string.Join(' ', _errors.Select(error => $"{error.Key}: {error.Value[0]}"));

    /// <summary>Notes an error of <paramref name="field"/>.</summary>
    public void Add(string field, string error) => _errors.TryAdd(field, [error]);

    /// <summary>Checks a text that has to be there.</summary>
    public void RequireText(string field, string? value, int maxLength)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            Add(field, "Is required.");
        }

        CheckText(field, value, maxLength);
    }

    /// <summary>Checks a text that may be absent. Control characters have no place in it, and PostgreSQL refuses the null character.</summary>
    public void CheckText(string field, string? value, int maxLength)
    {
        // Unicode's characters, as JSON Schema and PostgreSQL count them.
        if (value?.EnumerateRunes().Count() > maxLength)
        {
            Add(field, $"Has at most {maxLength} characters.");
        }
        else if (value is not null && value.Any(c => char.IsControl(c) && c is not ('\n' or '\r' or '\t')))
        {
            Add(field, "Has no control characters but line breaks and tabs.");
        }
    }

    /// <summary>Checks the id of a product.</summary>
    public void RequireProductId(string field, string? value)
    {
        if (value is null)
        {
            Add(field, "Is required.");
        }
        else if (value.Length > OrderLimits.ProductIdLength || !ProductId().IsMatch(value))
        {
            Add(field, $"Is the id of a product: 1 to {OrderLimits.ProductIdLength} letters, digits, '-', '_', '.' and ':'.");
        }
    }

    /// <summary>Checks a quantity.</summary>
    public void RequireQuantity(string field, int? value, int min = 1)
    {
        if (value is null)
        {
            Add(field, "Is required.");
        }
        else if (value < min || value > OrderLimits.MaxQuantity)
        {
            Add(field, $"Is a whole number from {min} to {OrderLimits.MaxQuantity}.");
        }
    }

    /// <summary>Reads a whole number of an address; <paramref name="otherwise"/> where there is none.</summary>
    public int ReadNumber(string field, string? text, int min, int max, int otherwise)
    {
        if (text is null)
        {
            return otherwise;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < min || number > max)
        {
            Add(field, $"Is a whole number from {min} to {max}.");
        }

        return number;
    }

    [GeneratedRegex(ProductIdCharacters + @"\z")]
    private static partial Regex ProductId();
}
