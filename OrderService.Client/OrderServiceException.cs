using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace OrderService.Client;

/// <summary>An answer that is no success. <see cref="Problem"/> tells why, by a stable name.</summary>
/// <param name="message">What the client says of it; the problem's own words come first.</param>
/// <param name="statusCode">Its HTTP status.</param>
/// <param name="response">Its body.</param>
/// <param name="headers">Its headers.</param>
/// <param name="innerException">What went wrong while it was read.</param>
public class OrderServiceException(
    string message, int statusCode, string? response, IReadOnlyDictionary<string, IEnumerable<string>> headers, Exception? innerException)
    : Exception(Problem.Read(response) is { } problem ? $"{problem.Title}: {problem.Detail}" : message, innerException)
{
    /// <summary>Its HTTP status.</summary>
    public int StatusCode => statusCode;

    /// <summary>Its body.</summary>
    public string? Response { get; } = response;

    /// <summary>Its headers.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers => headers;

    /// <summary>What is wrong; <c>null</c> where something between the client and the service answered.</summary>
    public Problem? Problem { get; } = Problem.Read(response);

    /// <summary>How long to wait before the next try, where the service says so.</summary>
    public TimeSpan? RetryAfter =>
        int.TryParse(headers.First("Retry-After"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;
}

/// <summary>Problem details (RFC 9457).</summary>
public sealed record Problem
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>A URN that is the same for every such problem.</summary>
    public required string Type { get; init; }

    /// <summary>The type in words.</summary>
    public string? Title { get; init; }

    /// <summary>The HTTP status.</summary>
    public int Status { get; init; }

    /// <summary>A sentence about this very case.</summary>
    public string? Detail { get; init; }

    /// <summary>What the service's logs and traces know it by.</summary>
    public string? TraceId { get; init; }

    /// <summary>What is wrong with which field of the request, for <c>validation</c>.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>What the problem has besides: <c>shortages</c>, <c>changes</c>, <c>lines</c>, <c>products</c>, <c>dependency</c>.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement> Extensions { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>The last part of <see cref="Type"/>, one of <see cref="ProblemNames"/>: <c>cart-empty</c>.</summary>
    [JsonIgnore]
    public string Name => Type[(Type.LastIndexOf(':') + 1)..];

    /// <summary>A member of <see cref="Extensions"/>, or <c>default</c>: <c>Get&lt;Shortage[]&gt;("shortages")</c>.</summary>
    public T? Get<T>(string member) => Extensions.TryGetValue(member, out var value) ? value.Deserialize<T>(Json) : default;

    internal static Problem? Read(string? json)
    {
        if (json is not { Length: > 0 } || json[0] != '{')
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize<Problem>(json, Json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A line of <c>shortages</c>: a product of which there is not enough.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="Requested">Pieces that were asked for.</param>
/// <param name="Available">Pieces that there are.</param>
public sealed record Shortage(string ProductId, int Requested, long Available);

/// <summary>A line of <c>lines</c>: a product of which the order has fewer pieces than were to be cancelled.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="Requested">Pieces to be cancelled.</param>
/// <param name="Left">Pieces that the order has.</param>
public sealed record LineNotCancellable(string ProductId, int Requested, int Left);

/// <summary>A line of <c>changes</c>: a product that costs something else than the cart showed.</summary>
/// <param name="ProductId">The product.</param>
/// <param name="Was">What the cart showed.</param>
/// <param name="Now">What it costs.</param>
/// <param name="Currency">ISO 4217, of both.</param>
public sealed record PriceChange(string ProductId, decimal Was, decimal Now, string Currency);
