using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace OrderService.ServiceDefaults;

/// <summary>The body of <c>/health</c> and <c>/alive</c>.</summary>
/// <param name="Status">The worst status of all checks.</param>
/// <param name="Checks">Every check, by name.</param>
internal sealed record HealthResponse(HealthStatus Status, IReadOnlyList<HealthResponse.Check> Checks)
{
    /// <summary>One dependency.</summary>
    /// <param name="Name">The name of its health check.</param>
    /// <param name="Status">Degraded where the process works without it, Unhealthy where it doesn't.</param>
    /// <param name="DurationMs">How long the check took, in milliseconds.</param>
    /// <param name="Error">One sentence while it fails.</param>
    internal sealed record Check(string Name, HealthStatus Status, double DurationMs, string? Error);

    /// <summary>Writes <paramref name="report"/> as JSON.</summary>
    public static Task WriteAsync(HttpContext context, HealthReport report)
    {
        var checks = report.Entries
            .Select(entry => new Check(
                entry.Key, entry.Value.Status, Math.Round(entry.Value.Duration.TotalMilliseconds, 1), ErrorOf(entry.Value)))
            .OrderBy(check => check.Name, StringComparer.Ordinal)
            .ToList();
        return context.Response.WriteAsJsonAsync(
            new HealthResponse(report.Status, checks), HealthJson.Default.HealthResponse, cancellationToken: context.RequestAborted);
    }

    /// <summary>Anyone may read the answer, and an exception's message can carry addresses and credentials: it goes to the log only.</summary>
    private static string? ErrorOf(HealthReportEntry entry) => entry switch
    {
        { Status: HealthStatus.Healthy } => null,
        { Exception: OperationCanceledException } => "It did not answer in time.",
        { Exception: { } exception } => $"The check failed with {exception.GetType().Name.Split('`')[0]}; the log has the details.",
        { Description: { Length: > 0 } description } => description,
        _ => "It does not answer.",
    };
}

/// <summary>Serialization of <see cref="HealthResponse"/>.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(HealthResponse))]
internal sealed partial class HealthJson : JsonSerializerContext;
