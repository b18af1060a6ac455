using System.ComponentModel;
using System.Diagnostics;

namespace Aspire.Hosting.Local;

/// <summary>What to run.</summary>
internal sealed record ProcessPlan(
    string Marker, string Command, IReadOnlyList<string> Arguments, string WorkingDirectory, IReadOnlyDictionary<string, string?> Environment);

/// <summary>
/// A process in a session of its own: a Ctrl-C at the terminal reaches only the host, which then ends everything in order.
/// </summary>
internal sealed class ManagedProcess
{
    private static readonly string? SetSid = OperatingSystem.IsWindows() ? null : FindCommand("setsid", "/");
    private readonly Process _process;
    private readonly string _marker;

    private ManagedProcess(Process process, string marker, Action<string, bool> onLine)
    {
        _process = process;
        _marker = marker;
        Id = process.Id;
        Exit = WatchAsync(onLine);
    }

    public int Id { get; }

    /// <summary>Completes with the exit code when the process has ended, its output is read and what it left behind is gone.</summary>
    public Task<int> Exit { get; }

    /// <exception cref="DistributedApplicationException">The program or its folder does not exist.</exception>
    public static ManagedProcess Start(ProcessPlan plan, Watchdog watchdog, Action<string, bool> onLine)
    {
        var command = FindCommand(plan.Command, plan.WorkingDirectory)
            ?? throw new DistributedApplicationException($"there is no program '{plan.Command}'{(plan.Command.Contains('/', StringComparison.Ordinal) ? "" : " on the PATH")}");
        if (!Directory.Exists(plan.WorkingDirectory))
        {
            throw new DistributedApplicationException($"its working directory {plan.WorkingDirectory} does not exist");
        }

        var start = new ProcessStartInfo(SetSid ?? command)
        {
            WorkingDirectory = plan.WorkingDirectory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
            CreateNoWindow = true,
        };
        foreach (var argument in SetSid is null ? plan.Arguments : [command, .. plan.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(IsOfTheAppHostOnly).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in plan.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment[ProcessTree.Marker] = plan.Marker;
        try
        {
            var process = Process.Start(start)!;
            watchdog.Guard(process.Id);
            return new ManagedProcess(process, plan.Marker, onLine);
        }
        catch (Win32Exception exception)
        {
            throw new DistributedApplicationException($"{command} can't be started: {exception.Message}", exception);
        }
    }

    /// <summary>Asks the process to end, and kills it and all that came from it when the time is over.</summary>
    public async Task<int> StopAsync(TimeSpan grace)
    {
        ProcessTree.Signal(Id, ProcessTree.Terminate);
        try
        {
            return await Exit.WaitAsync(grace);
        }
        catch (TimeoutException)
        {
            KillTree();
            return await Exit;
        }
    }

    public void KillTree()
    {
        foreach (var pid in ProcessTree.Members(Exit.IsCompleted ? 0 : Id, _marker))
        {
            ProcessTree.Signal(pid, ProcessTree.Kill);
        }
    }

    internal static string? FindCommand(string command, string workingDirectory)
    {
        if (command.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            var path = Path.GetFullPath(command, workingDirectory);
            return File.Exists(path) ? path : null;
        }

        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat", ""] : [""];
        return (from folder in (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
                from ending in endings
                let path = Path.Combine(folder, command + ending)
                where File.Exists(path)
                select path).FirstOrDefault();
    }

    /// <summary>Variables that <c>dotnet run</c>, <c>dotnet test</c> and launch profiles give the AppHost, not what it runs.</summary>
    private static bool IsOfTheAppHostOnly(string name) =>
        name is "ASPNETCORE_URLS" or "DOTNET_LAUNCH_PROFILE"
        || name.StartsWith("ASPIRE_", StringComparison.Ordinal)
        || name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("VSTEST_", StringComparison.OrdinalIgnoreCase);

    private async Task<int> WatchAsync(Action<string, bool> onLine)
    {
        var output = Task.WhenAll(PumpAsync(_process.StandardOutput, isError: false), PumpAsync(_process.StandardError, isError: true));
        await _process.WaitForExitAsync();
        await SweepAsync();
        await Task.WhenAny(output, Task.Delay(TimeSpan.FromSeconds(1)));
        var code = _process.ExitCode;
        _process.Dispose();
        return code;

        async Task PumpAsync(StreamReader reader, bool isError)
        {
            try
            {
                while (await reader.ReadLineAsync() is { } line)
                {
                    onLine(line, isError);
                }
            }
            catch (IOException)
            {
                // The pipe went away with the process.
            }
            catch (ObjectDisposedException)
            {
                // A child that outlived the process kept the pipe open; nobody listens any more.
            }
        }
    }

    /// <summary>Ends what the process left behind.</summary>
    private async Task SweepAsync()
    {
        foreach (var pid in ProcessTree.Members(Id, _marker))
        {
            ProcessTree.Signal(pid, ProcessTree.Terminate);
        }

        for (var attempt = 0; ProcessTree.Members(Id, _marker) is { Count: > 0 } left; attempt++)
        {
            if (attempt >= 20)
            {
                foreach (var pid in left)
                {
                    ProcessTree.Signal(pid, ProcessTree.Kill);
                }
            }

            await Task.Delay(50);
        }
    }
}
