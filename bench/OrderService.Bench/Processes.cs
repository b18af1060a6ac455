using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace OrderService.Bench;

/// <summary>What the operating system and the runtime tell about processes.</summary>
internal static class Processes
{
    private const int TicksPerSecond = 100;
    private const int PageSize = 4096;

    /// <summary>A process alone: the bench, whose children are what it measures.</summary>
    public static TimeSpan CpuOf(int pid) => Read(pid) is { } stat ? Time(stat.Own) : TimeSpan.Zero;

    /// <summary>Processes with all below them.</summary>
    public static Dictionary<string, TimeSpan> CpuOf(IEnumerable<(string Name, int Pid)> roots)
    {
        var all = All();
        return roots.GroupBy(root => root.Name).ToDictionary(
            group => group.Key,
            group => Time(group.SelectMany(root => Tree(root.Pid, all)).Sum(stat => stat.Own + stat.Reaped)));
    }

    /// <summary>Resident memory of processes with all below them, in MB; of PostgreSQL's, which share most of it, the proportional one.</summary>
    public static double MegabytesOf(int root, bool shared)
    {
        var bytes = Tree(root, All()).Sum(stat => shared ? Proportional(stat.Pid) : Resident(stat.Pid));
        return bytes / 1e6;
    }

    /// <summary>
    /// Resident memory of several processes together, in MB: what two of them map from the same file, the framework above all, is in
    /// memory once and counts once.
    /// </summary>
    public static double MegabytesOf(IEnumerable<int> roots)
    {
        var all = All();
        var (own, files) = (0L, new Dictionary<(int Pid, string File), long>());
        foreach (var stat in roots.SelectMany(root => Tree(root, all)))
        {
            var file = "";
            foreach (var line in TryRead($"/proc/{stat.Pid}/smaps")?.Split('\n') ?? [])
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                switch (words)
                {
                    case [var name, var size, "kB"] when name is "Private_Dirty:" or "Private_Clean:" or "Shared_Dirty:" or "Shared_Clean:":
                        var bytes = Number(size) * 1024;
                        if (file.Length == 0 || name == "Private_Dirty:")
                        {
                            own += bytes;
                        }
                        else
                        {
                            files[(stat.Pid, file)] = files.GetValueOrDefault((stat.Pid, file)) + bytes;
                        }

                        break;
                    case [var range, _, _, _, _, ..] when range.Contains('-', StringComparison.Ordinal):
                        file = words is [_, _, _, _, not "0", var path, ..] && path.StartsWith('/') && !path.StartsWith("/memfd:", StringComparison.Ordinal)
                            ? path
                            : "";
                        break;
                }
            }
        }

        var once = files.GroupBy(pages => pages.Key.File).Sum(file => file.Max(pages => pages.Value));
        return (own + once) / 1e6;
    }

    /// <summary>With which environment variables a process was started.</summary>
    public static IReadOnlyDictionary<string, string> EnvironmentOf(int pid) => (TryRead($"/proc/{pid}/environ") ?? "")
        .Split('\0', StringSplitOptions.RemoveEmptyEntries)
        .Select(variable => variable.Split('=', 2))
        .DistinctBy(variable => variable[0])
        .ToDictionary(variable => variable[0], variable => variable[^1], StringComparer.Ordinal);

    /// <summary>Bytes that a .NET process has allocated since its start; <c>null</c> where no probe answers.</summary>
    public static long? AllocatedBy(int root, string probes) =>
        Ask(root, probes, 'a') is [var bytes] ? Number(bytes) : null;

    /// <summary>
    /// Keys of the messages that were acknowledged to a process since the last question, with the time of each by
    /// <see cref="System.Diagnostics.Stopwatch"/>, which has the same zero in all processes here. None where its probe doesn't note them.
    /// </summary>
    public static IEnumerable<(Guid Key, long At)> SentBy(int root, string probes) =>
        from line in Ask(root, probes, 's')
        let words = line.Split(' ')
        select (Guid.Parse(words[0]), Number(words[1]));

    private static string[] Ask(int root, string probes, char question)
    {
        foreach (var stat in Tree(root, All()))
        {
            var path = Path.Combine(probes, $"{stat.Pid}.sock");
            if (!File.Exists(path))
            {
                continue;
            }

            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send([(byte)question]);
            using var answer = new StreamReader(new NetworkStream(socket), Encoding.ASCII);
            return answer.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        }

        return [];
    }

    private static TimeSpan Time(long ticks) => TimeSpan.FromSeconds((double)ticks / TicksPerSecond);

    private static ILookup<int, Stat> All() => Directory.EnumerateDirectories("/proc")
        .Select(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var pid) ? Read(pid) : null)
        .OfType<Stat>()
        .ToLookup(stat => stat.Parent);

    private static IEnumerable<Stat> Tree(int root, ILookup<int, Stat> byParent) =>
        Read(root) is { } stat ? Below(root, byParent).Prepend(stat) : [];

    private static IEnumerable<Stat> Below(int pid, ILookup<int, Stat> byParent) =>
        byParent[pid].SelectMany(child => Below(child.Pid, byParent).Prepend(child));

    private static long Resident(int pid) => TryRead($"/proc/{pid}/statm") is { } pages ? Number(pages.Split(' ')[1]) * PageSize : 0;

    private static long Proportional(int pid) =>
        TryRead($"/proc/{pid}/smaps_rollup")?.Split('\n').FirstOrDefault(line => line.StartsWith("Pss:", StringComparison.Ordinal)) is { } line
            ? Number(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1]) * 1024
            : 0;

    /// <summary>Reads <c>stat</c>; its fields are counted behind the name in brackets, which may hold blanks.</summary>
    private static Stat? Read(int pid)
    {
        if (TryRead($"/proc/{pid}/stat") is not { } text)
        {
            return null;
        }

        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return new(pid, (int)Number(fields[1]), Number(fields[11]) + Number(fields[12]), Number(fields[13]) + Number(fields[14]));
    }

    private static string? TryRead(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    /// <param name="Pid">The process.</param>
    /// <param name="Parent">The one that it came from.</param>
    /// <param name="Own">Ticks on a processor.</param>
    /// <param name="Reaped">Ticks of its children that have ended.</param>
    private sealed record Stat(int Pid, int Parent, long Own, long Reaped);
}
