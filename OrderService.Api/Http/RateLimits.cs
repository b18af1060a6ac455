using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Claims;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Options;

namespace OrderService.Api.Http;

/// <summary>How many requests are let in, each replica for itself; section <c>RateLimits</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "RateLimits";

    /// <summary>Requests of a user in a <see cref="Window"/>; 0 for no limit. 300 by default, in Development 0.</summary>
    [Range(0, int.MaxValue, ErrorMessage = "RateLimits:PerUser is a number of requests; 0 is no limit.")]
    public int? PerUser { get; set; }

    /// <summary>
    /// Requests of a network address in a <see cref="Window"/>; 0 for no limit. 3,000 by default, and 0 in Development and where the
    /// gateway is trusted: all requests then come from its address.
    /// </summary>
    [Range(0, int.MaxValue, ErrorMessage = "RateLimits:PerAddress is a number of requests; 0 is no limit.")]
    public int? PerAddress { get; set; }

    /// <summary>What the limits count, a minute by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00", ErrorMessage = "RateLimits:Window has to be between 1 second and 1 day.")]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(1);
}

/// <summary>Limits per user and per address, so that one caller can't take the service from the others.</summary>
internal static class RateLimits
{
    private const int DefaultPerUser = 300;
    private const int DefaultPerAddress = 3_000;

    /// <summary>Adds them as configured.</summary>
    public static void AddRateLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<RateLimitOptions>()
            .BindConfiguration(RateLimitOptions.Section)
            .PostConfigure<IHostEnvironment, IOptions<IdentityOptions>>((limits, environment, identity) =>
            {
                limits.PerUser ??= environment.IsDevelopment() ? 0 : DefaultPerUser;
                limits.PerAddress ??= environment.IsDevelopment() || identity.Value.AcceptsGateway ? 0 : DefaultPerAddress;
            })
            .ValidateDataAnnotations()
            .ValidateOnStart();
        builder.Services.AddRateLimiter(limiter => limiter.OnRejected = RefuseAsync);
        builder.Services.AddOptions<RateLimiterOptions>().Configure<IOptions<RateLimitOptions>>((limiter, limits) =>
            limiter.GlobalLimiter = PartitionedRateLimiter.CreateChained(
                Limiter(limits.Value.PerAddress!.Value, limits.Value.Window, AddressOf),
                Limiter(limits.Value.PerUser!.Value, limits.Value.Window, http => http.User.FindFirstValue(ClaimTypes.NameIdentifier))));
    }

    private static PartitionedRateLimiter<HttpContext> Limiter(int permits, TimeSpan window, Func<HttpContext, string?> callerOf) =>
        PartitionedRateLimiter.Create<HttpContext, string>(http => permits > 0 && callerOf(http) is { } caller
            ? RateLimitPartition.GetFixedWindowLimiter(caller, _ => new() { PermitLimit = permits, Window = window })
            : RateLimitPartition.GetNoLimiter(""));

    /// <summary>The client's address. Of IPv6 the network alone: whoever has one has all its addresses.</summary>
    private static string? AddressOf(HttpContext http) => http.Connection.RemoteIpAddress switch
    {
        null => null,
        { IsIPv4MappedToIPv6: true } address => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } address => new IPAddress([.. address.GetAddressBytes().AsSpan(0, 8), .. new byte[8]]).ToString(),
        var address => address.ToString(),
    };

    private static async ValueTask RefuseAsync(OnRejectedContext rejected, CancellationToken cancellationToken)
    {
        var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var left) ? left : TimeSpan.FromSeconds(1);
        var seconds = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        rejected.HttpContext.Response.Headers.RetryAfter = seconds;
        await Problems.Of(
            StatusCodes.Status429TooManyRequests,
            "too-many-requests",
            $"There were too many requests of this user or from this address. Try again in {seconds} s.").ExecuteAsync(rejected.HttpContext);
    }
}
