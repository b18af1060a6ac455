namespace OrderService.Bench;

/// <summary>What is to be measured, from the command line.</summary>
/// <param name="Scenarios">Names of the scenarios.</param>
/// <param name="Rounds">Measurements of each variant.</param>
/// <param name="Length">Of one measurement under load.</param>
/// <param name="WarmUp">Load before the first measurement of a process.</param>
/// <param name="Clients">Numbers of clients of the scenario that is measured with several.</param>
/// <param name="Orders">Sizes of the database of the scenario that is measured at several.</param>
/// <param name="Events">Events of the scenarios about the outbox.</param>
/// <param name="Output">Folder of the report.</param>
/// <param name="Document">A document that is to hold the report too, with the plot beside it.</param>
internal sealed record Settings(
    HashSet<string> Scenarios,
    int Rounds,
    TimeSpan Length,
    TimeSpan WarmUp,
    int[] Clients,
    int[] Orders,
    int Events,
    string Output,
    string? Document);

/// <summary>A measurement that can't be made; the message tells why, and what to do.</summary>
internal sealed class BenchException(string message, Exception? inner = null) : Exception(message, inner);
