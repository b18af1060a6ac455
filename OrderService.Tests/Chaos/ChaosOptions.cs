using System.Globalization;

namespace OrderService.Tests.Chaos;

/// <summary>
/// How long the suite runs. Without settings it is a short round, which is a part of every test run; the environment variable
/// <c>CHAOS_DURATION</c> (<c>00:10:00</c>) makes it a long one, <c>CHAOS_SEED</c> plays one again.
/// </summary>
internal static class ChaosOptions
{
    /// <summary>The time under load of a round.</summary>
    public static readonly TimeSpan LongRound = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan ShortRound = TimeSpan.FromSeconds(15);

    private static readonly string[] WrongClocks =
        ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"];

    /// <summary>Whether a long run was asked for.</summary>
    public static bool IsLong => Duration > ShortRound;

    /// <summary>The time under load, of all rounds together.</summary>
    public static TimeSpan Duration { get; } =
        Variable("CHAOS_DURATION") is { } duration ? TimeSpan.Parse(duration, CultureInfo.InvariantCulture) : ShortRound;

    /// <summary>Decides the faults and what customers do.</summary>
    public static int Seed { get; } =
        Variable("CHAOS_SEED") is { } seed ? int.Parse(seed, CultureInfo.InvariantCulture) : Random.Shared.Next(1, 1_000_000);

    /// <summary>From one fault to the next, on average.</summary>
    public static TimeSpan Gap { get; } = TimeSpan.FromSeconds(1.8);

    /// <summary>Where libfaketime is: <c>CHAOS_FAKETIME</c>, or where distributions put it.</summary>
    public static string? WrongClock { get; } = Variable("CHAOS_FAKETIME") ?? WrongClocks.FirstOrDefault(File.Exists);

    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } value ? value : null;
}
