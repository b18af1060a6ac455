using System.Diagnostics;

namespace OrderService.Tests.Shop;

/// <summary>A program that ends by itself.</summary>
internal static class ProgramRun
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="variables">Environment variables besides those of the tests.</param>
    /// <returns>Its exit code, and what it wrote to both of its streams.</returns>
    public static async Task<(int ExitCode, string Output)> ToEndAsync(
        string program, IEnumerable<string> arguments, params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
