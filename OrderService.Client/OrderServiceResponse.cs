namespace OrderService.Client;

/// <summary>A successful answer.</summary>
/// <param name="statusCode">Its HTTP status.</param>
/// <param name="headers">Its headers.</param>
public class OrderServiceResponse(int statusCode, IReadOnlyDictionary<string, IEnumerable<string>> headers)
{
    /// <summary>Its HTTP status.</summary>
    public int StatusCode => statusCode;

    /// <summary>Its headers.</summary>
    public IReadOnlyDictionary<string, IEnumerable<string>> Headers => headers;

    /// <summary>The version of what it shows, for <c>ifMatch</c> of a change.</summary>
    public string? ETag => headers.First("ETag");

    /// <summary>Whether it is the first answer again, to a request with the same idempotency key.</summary>
    public bool IsReplay => headers.First("Idempotency-Replayed") == "true";
}

/// <summary>A successful answer with a result, as which it can be used directly.</summary>
/// <param name="statusCode">Its HTTP status.</param>
/// <param name="headers">Its headers.</param>
/// <param name="result">What it tells.</param>
public sealed class OrderServiceResponse<TResult>(int statusCode, IReadOnlyDictionary<string, IEnumerable<string>> headers, TResult result)
    : OrderServiceResponse(statusCode, headers)
{
    /// <summary>What it tells.</summary>
    public TResult Result => result;

    /// <summary>The result.</summary>
    public static implicit operator TResult(OrderServiceResponse<TResult> response) => response.Result;
}

/// <summary>Headers as the generated code hands them over.</summary>
internal static class ResponseHeaders
{
    /// <summary>The first value of a header, or <c>null</c>.</summary>
    public static string? First(this IReadOnlyDictionary<string, IEnumerable<string>> headers, string name) =>
        headers.FirstOrDefault(header => header.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value?.FirstOrDefault();
}
