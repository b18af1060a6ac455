using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace OrderService;

/// <summary>The service can't start as it is configured. The message is for the person who starts it: it names every setting that is wrong.</summary>
public sealed class SettingsException : Exception
{
    /// <summary>Lists what is wrong.</summary>
    public SettingsException(IReadOnlyCollection<string> failures)
        : base($"The service does not start as it is configured:{string.Concat(failures.Select(failure => $"{Environment.NewLine}- {failure}"))}")
    {
    }
}

/// <summary>Looks at the settings before anything runs, so that a wrong one is told in a sentence and not in a stack trace.</summary>
public static class Start
{
    /// <summary>Checks that these connection strings are there.</summary>
    /// <exception cref="SettingsException">Some are missing.</exception>
    public static void RequireConnectionStrings(this IHostApplicationBuilder builder, params IReadOnlyList<string> names)
    {
        var missing = names
            .Where(name => string.IsNullOrWhiteSpace(builder.Configuration.GetConnectionString(name)))
            .Select(name => $"The connection string '{name}' is missing: set ConnectionStrings__{name}, or start through OrderService.AppHost.")
            .ToList();
        if (missing.Count > 0)
        {
            throw new SettingsException(missing);
        }
    }

    /// <summary>Checks all options that are to be valid at start.</summary>
    /// <exception cref="SettingsException">Some are not valid, or a value is not of its setting's type.</exception>
    public static void CheckSettings(this IHost app)
    {
        try
        {
            app.Services.GetService<IStartupValidator>()?.Validate();
        }
        catch (Exception e) when (FailuresOf(e) is { Count: > 0 } failures)
        {
            throw new SettingsException([.. failures.Distinct()]);
        }
    }

    // The binder tells a value that it can't convert, with its setting, as InvalidOperationException.
    private static List<string> FailuresOf(Exception e) => e switch
    {
        AggregateException several => [.. several.InnerExceptions.SelectMany(FailuresOf)],
        OptionsValidationException invalid => [.. invalid.Failures],
        InvalidOperationException { Source: "Microsoft.Extensions.Configuration.Binder" } unreadable => [unreadable.Message],
        _ => [],
    };
}
