using System.Diagnostics;
using System.Globalization;

namespace OrderService.Tests.Shop;

/// <summary>Signals to a process and all below it, since a resource's own process may only be the launcher of the one that works.</summary>
internal static class ProcessTree
{
    public static void Pause(int root) => Signal("STOP", root);

    public static void Resume(int root) => Signal("CONT", root);

    /// <summary>SIGTERM: a wish, which handlers may follow in order.</summary>
    public static void Stop(int root) => Signal("TERM", root);

    /// <summary>SIGKILL: no handler runs, nothing is flushed.</summary>
    public static void Kill(int root) => Signal("KILL", root);

    private static void Signal(string signal, int root)
    {
        var pids = Below(root).Prepend(root).Select(pid => pid.ToString(CultureInfo.InvariantCulture));
        using var kill = Process.Start("kill", ["-s", signal, .. pids]);
        kill.WaitForExit();
    }

    private static IEnumerable<int> Below(int root)
    {
        var parents = Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => int.TryParse(name, out _))
            .Select(name => (Pid: int.Parse(name!, CultureInfo.InvariantCulture), Parent: ParentOf(name!)))
            .ToLookup(process => process.Parent, process => process.Pid);
        return Collect(root);

        IEnumerable<int> Collect(int pid) => parents[pid].SelectMany(child => Collect(child).Prepend(child));
    }

    /// <summary>The fourth field of <c>/proc/pid/stat</c>; the second, the name in brackets, may hold blanks.</summary>
    private static int ParentOf(string pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0; // It ended meanwhile.
        }
    }
}
