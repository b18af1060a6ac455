using System.ComponentModel.DataAnnotations;

namespace OrderService.Api.Carts;

/// <summary>Settings of carts; section <c>Carts</c>.</summary>
internal sealed class CartOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Carts";

    /// <summary>ISO 4217 code of an empty cart's total, <c>EUR</c> by default.</summary>
    [RegularExpression("^[A-Z]{3}$", ErrorMessage = "Carts:Currency has to be an ISO 4217 code such as EUR.")]
    public string Currency { get; set; } = "EUR";

    /// <summary>How long a cart lives after its last use, 7 days by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "3650.00:00:00", ErrorMessage = "Carts:Lifetime has to be between 1 second and 3,650 days.")]
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How old the names and prices that a cart shows may be, 30 seconds by default. 0 asks the Product service every time.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00", ErrorMessage = "Carts:RefreshAfter has to be between 0 and 1 day.")]
    public TimeSpan RefreshAfter { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Registers carts.</summary>
internal static class CartSetup
{
    /// <summary>A customer waits: better a quick 503 than a slow one.</summary>
    private static readonly TimeSpan RedisTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Adds what the routes need. The process stays ready without Redis: orders need no cart.</summary>
    public static void AddCarts(this IHostApplicationBuilder builder, string connectionName)
    {
        builder.AddRedisClient(
            connectionName,
            // Connects at start and not within the first requests, which would all block on it.
            settings => settings.DisableAutoActivation = false,
            redis =>
            {
                var timeout = (int)RedisTimeout.TotalMilliseconds;
                redis.AsyncTimeout = timeout;
                redis.SyncTimeout = timeout; // also that of commands which wait for a connection
                redis.ConnectTimeout = timeout;
                redis.ConnectRetry = 1; // at start only; afterwards it goes on trying
            });
        builder.TreatAsOptional("StackExchange.Redis");
        builder.Services.AddOptions<CartOptions>().BindConfiguration(CartOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddSingleton<CartStore>();
        builder.Services.AddScoped<CartRefresh>();
        builder.Services.AddCartAccess();
    }
}
