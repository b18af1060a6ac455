using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace OrderService.Core.Persistence;

/// <summary>Keeps an enum as its upper-case name, as the HTTP contract writes it: <c>PENDING</c>.</summary>
internal sealed class UpperCase<TEnum>() : ValueConverter<TEnum, string>(value => Names[value], name => Values[name])
    where TEnum : struct, Enum
{
    private static readonly Dictionary<TEnum, string> Names = Enum.GetValues<TEnum>()
        .ToDictionary(value => value, value => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString()));

    private static readonly Dictionary<string, TEnum> Values = Names.ToDictionary(pair => pair.Value, pair => pair.Key);
}
