using System.ComponentModel.DataAnnotations;

namespace OrderService.Worker.Housekeeping;

/// <summary>Settings of the housekeeping, section <c>Housekeeping</c>.</summary>
internal sealed class HousekeepingOptions
{
    public const string Section = "Housekeeping";

    /// <summary>How often unpaid orders are looked for.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan PaymentCheckInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often old rows go away.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan RetentionInterval { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long handled event ids are kept; a repeat that comes later would count again.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00")]
    public TimeSpan InboxRetention { get; init; } = TimeSpan.FromDays(14);

    /// <summary>How often what waits in the database is counted for the metrics, by one worker and only where metrics are exported.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan BacklogInterval { get; init; } = TimeSpan.FromSeconds(15);
}
