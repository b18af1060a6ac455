namespace OrderService.Api.Operations;

/// <summary>Settings of the operations; section <c>Operations</c>.</summary>
internal sealed class OperationsOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Operations";

    /// <summary>What is wrong with a value that can't be.</summary>
    public const string Failure = "Operations:Dashboard is the address of the Aspire dashboard, such as http://localhost:18888, or is left out.";

    /// <summary>Where the Aspire dashboard is, for the way from an order to its traces; without it there is none.</summary>
    public string? Dashboard { get; init; }

    /// <summary>Whether the settings make sense.</summary>
    public static bool IsValid(OperationsOptions options) =>
        string.IsNullOrWhiteSpace(options.Dashboard)
        || (Uri.TryCreate(options.Dashboard, UriKind.Absolute, out var address) && address.Scheme is "http" or "https");

    /// <summary>
    /// The address of an order's traces, or <c>null</c>. The key of every message about an order is its id, on the spans as well, whether it was
    /// sent or received; the dashboard shows the traces that have such a span.
    /// </summary>
    public string? TracesOf(Guid orderId) => string.IsNullOrWhiteSpace(Dashboard)
        ? null
        : $"{Dashboard.TrimEnd('/')}/traces?filters=messaging.kafka.message.key:equals:{orderId}";
}
