using System.ComponentModel.DataAnnotations;

namespace OrderService.Core.Orders;

/// <summary>Settings that API and worker share, section <c>Orders</c>.</summary>
public sealed class OrderOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Orders";

    /// <summary>How long an order may stay unpaid before it is cancelled.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00")]
    public TimeSpan PaymentTimeout { get; init; } = TimeSpan.FromMinutes(30);
}
