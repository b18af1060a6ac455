using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace OrderService.Core.Persistence;

/// <summary>Enums as their upper-case names, as the database and the HTTP contract write them: <c>PENDING</c>.</summary>
public static class UpperCase
{
    /// <summary>The name of a value.</summary>
    public static string NameOf<TEnum>(TEnum value)
        where TEnum : struct, Enum => Names<TEnum>.ByValue[value];

    /// <summary>The value of a name.</summary>
    /// <exception cref="KeyNotFoundException">There is none.</exception>
    public static TEnum ValueOf<TEnum>(string name)
        where TEnum : struct, Enum => Names<TEnum>.ToValue[name];

    /// <summary>The value of a name, if it is one.</summary>
    public static bool TryRead<TEnum>(string name, out TEnum value)
        where TEnum : struct, Enum => Names<TEnum>.ToValue.TryGetValue(name, out value);

    private static class Names<TEnum>
        where TEnum : struct, Enum
    {
        public static readonly Dictionary<TEnum, string> ByValue = Enum.GetValues<TEnum>()
            .ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString()));

        public static readonly Dictionary<string, TEnum> ToValue = ByValue.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);
    }
}

/// <summary>Keeps an enum in the database as its upper-case name.</summary>
internal sealed class UpperCaseConverter<TEnum>() : ValueConverter<TEnum, string>(value => UpperCase.NameOf(value), name => UpperCase.ValueOf<TEnum>(name))
    where TEnum : struct, Enum;
