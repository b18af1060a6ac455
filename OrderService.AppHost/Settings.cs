using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost;

/// <summary>Reads settings that a person may have mistyped.</summary>
internal static class Settings
{
    /// <summary>A number of things, at least 1.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="setting">The setting's name.</param>
    /// <param name="byDefault">The number where the setting is not given.</param>
    /// <exception cref="InfrastructureException">The value is no such number.</exception>
    public static int GetCount(this IConfiguration configuration, string setting, int byDefault = 1) => configuration[setting] switch
    {
        null => byDefault,
        var text when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count > 0 => count,
        var text => throw new InfrastructureException($"The setting {setting} is '{text}'. It is a whole number from 1."),
    };

    /// <summary>Some names of those that there are, separated by commas; none where the setting is not given.</summary>
    /// <exception cref="InfrastructureException">There is no such name.</exception>
    public static string[] GetNames(this IConfiguration configuration, string setting, params string[] known)
    {
        var names = (configuration[setting] ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return names.FirstOrDefault(name => !known.Contains(name)) is { } unknown
            ? throw new InfrastructureException($"The setting {setting} names '{unknown}'. There are {string.Join(", ", known)}, separated by commas.")
            : names;
    }
}
