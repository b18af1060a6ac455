using System.Diagnostics;
using System.Globalization;

namespace OrderService.Tests.Shop;

/// <summary>Signals to a process and all below it, since a resource's own process may only be the launcher of the one that works.</summary>
internal static class ProcessTree
{
    /// <summary>SIGSTOP; returns when every thread stands still, which on a busy machine is not at once.</summary>
    public static void Pause(int root)
    {
        Signal("STOP", root);
        Assert.True(SpinWait.SpinUntil(() => Below(root).Prepend(root).All(IsStopped), Eventually.Deadline), $"Process {root} does not stop.");
    }

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

    private static bool IsStopped(int pid) => Directory.EnumerateDirectories($"/proc/{pid}/task").All(thread => StateOf(thread) is "T" or "Z" or "");

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

    private static int ParentOf(string pid) => int.TryParse(FieldOf($"/proc/{pid}", 1), CultureInfo.InvariantCulture, out var parent) ? parent : 0;

    private static string StateOf(string folder) => FieldOf(folder, 0);

    /// <summary>A field of <c>stat</c> behind the name in brackets, which may hold blanks: 0 is the state, 1 the parent. Empty if it ended meanwhile.</summary>
    private static string FieldOf(string folder, int field)
    {
        try
        {
            var stat = File.ReadAllText(Path.Combine(folder, "stat"));
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[field];
        }
        catch (IOException)
        {
            return "";
        }
    }
}
