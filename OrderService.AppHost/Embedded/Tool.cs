using System.ComponentModel;
using System.Diagnostics;

namespace OrderService.AppHost.Embedded;

/// <summary>Runs a program to its end.</summary>
internal static class Tool
{
    private const int LinesShown = 8;

    /// <summary>Whether a program is in the search path, and where.</summary>
    public static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, program))
            .FirstOrDefault(File.Exists);

    /// <summary>What the program wrote to its standard output.</summary>
    /// <exception cref="InfrastructureException">It failed; the message has the last lines of what it said.</exception>
    public static string Run(IEnumerable<string> command, string? workingDirectory = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var words = command.ToArray();
        var start = new ProcessStartInfo(words[0], words[1..])
        {
            WorkingDirectory = workingDirectory ?? "",
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            var said = $"{output}\n{errors.Result}".Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(LinesShown);
            throw new InfrastructureException($"'{string.Join(' ', words)}' ended with exit code {process.ExitCode}:\n{string.Join('\n', said)}");
        }

        return output;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InfrastructureException($"'{start.FileName}' can't be started: {e.Message}", e);
        }
    }
}
