using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Aspire.Hosting.Local;

/// <summary>
/// Signals a process and all that came from it. On Linux those are: its session, what descends from it, and whatever carries its
/// marker in the environment, so that a child that made itself independent is found too.
/// </summary>
internal static partial class ProcessTree
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;

    /// <summary>The variable that marks every process of one host: the host's id, a slash, the resource.</summary>
    public const string Marker = "ASPIRE_STAND_IN_PROCESS";

    public static void Signal(int pid, int signal)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = SendSignal(pid, signal);
            return;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
    }

    /// <summary>Completes when the process that started this one has ended. Never on Windows.</summary>
    public static async Task ParentEndAsync(CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }

        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        for (var parent = GetParent(); GetParent() == parent;)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
        }
    }

    /// <summary>Every living process of the tree.</summary>
    /// <param name="leader">The process it began with, which leads a session of its own; 0 for those with the marker only.</param>
    /// <param name="marker">The beginning of the marker's value.</param>
    public static IReadOnlyList<int> Members(int leader, string marker)
    {
        if (!OperatingSystem.IsLinux())
        {
            return leader != 0 && IsAlive(leader) ? [leader] : [];
        }

        var all = Directory.EnumerateDirectories("/proc")
            .Select(path => int.TryParse(Path.GetFileName(path.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) ? Read(pid) : null)
            .OfType<ProcessStat>()
            .Where(process => process.State is not ('Z' or 'X'))
            .ToList();
        var wanted = Encoding.UTF8.GetBytes($"{Marker}={marker}");
        var members = all.Where(process => (leader != 0 && (process.Pid == leader || process.Session == leader)) || Carries(process.Pid, wanted))
            .Select(process => process.Pid)
            .ToHashSet();
        for (var found = members.Count; found > 0;)
        {
            var children = all.Where(process => members.Contains(process.Parent) && !members.Contains(process.Pid)).Select(process => process.Pid).ToList();
            members.UnionWith(children);
            found = children.Count;
        }

        members.Remove(Environment.ProcessId);
        return [.. members];
    }

    public static bool IsAlive(int pid) => !OperatingSystem.IsWindows() && SendSignal(pid, 0) == 0;

    /// <summary>How a running process was called, or its name, for messages.</summary>
    public static string Describe(int pid)
    {
        try
        {
            var words = File.ReadAllText($"/proc/{pid}/cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
            var text = string.Join(' ', words.Select(word => word.Contains('/', StringComparison.Ordinal) ? Path.GetFileName(word) : word));
            return text.Length > 100 ? text[..100] + "…" : text;
        }
        catch (IOException)
        {
            return "unknown";
        }
        catch (UnauthorizedAccessException)
        {
            return "unknown";
        }
    }

    private static bool Carries(int pid, ReadOnlySpan<byte> marker)
    {
        try
        {
            return File.ReadAllBytes($"/proc/{pid}/environ").AsSpan().IndexOf(marker) >= 0;
        }
        catch (IOException)
        {
            return false;
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static ProcessStat? Read(int pid)
    {
        try
        {
            // pid (name) state parent group session; the name may hold anything, parentheses included.
            var text = File.ReadAllText($"/proc/{pid}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return new ProcessStat(pid, fields[0][0], Number(fields[1]), Number(fields[3]));
        }
        catch (IOException)
        {
            return null;
        }

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "getppid")]
    private static partial int GetParent();

    private sealed record ProcessStat(int Pid, char State, int Parent, int Session);
}
