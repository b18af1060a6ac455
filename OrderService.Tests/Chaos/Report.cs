using System.Globalization;
using Xunit.Abstractions;

namespace OrderService.Tests.Chaos;

/// <summary>Tells what happens while it does: in <c>artifacts/chaos.log</c>, and at the end with the test's result.</summary>
internal sealed class Report(ITestOutputHelper output)
{
    private static readonly Lock Guard = new();

    private static readonly string Folder = Path.GetFullPath("../../..", AppContext.BaseDirectory);

    /// <summary>For those who look at the result.</summary>
    public void Tell(string text)
    {
        output.WriteLine(text);
        Note(text);
    }

    /// <summary>Keeps what processes wrote, in <c>artifacts/chaos-….log</c>.</summary>
    public static void Keep(IEnumerable<Replica> replicas)
    {
        foreach (var replica in replicas)
        {
            File.WriteAllText(Path.Combine(Folder, $"chaos-{replica.ToString().Replace(' ', '-')}.log"), replica.Output);
        }
    }

    /// <summary>Only for those who watch.</summary>
    public static void Note(string text)
    {
        lock (Guard)
        {
            File.AppendAllText(Path.Combine(Folder, "chaos.log"), $"{DateTime.UtcNow.ToString("HH:mm:ss", CultureInfo.InvariantCulture)} {text}\n");
        }
    }
}
