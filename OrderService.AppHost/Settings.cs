using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost;

/// <summary>Reads settings that a person may have mistyped.</summary>
internal static class Settings
{
    /// <summary>A number of things, at least 1; 1 where the setting is not given.</summary>
    /// <exception cref="InfrastructureException">The value is no such number.</exception>
    public static int GetCount(this IConfiguration configuration, string setting) => configuration[setting] switch
    {
        null => 1,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 => count,
        var text => throw new InfrastructureException($"The setting {setting} is '{text}'. It is a whole number from 1."),
    };
}
