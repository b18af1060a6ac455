using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace OrderService.Tests.Shop;

/// <summary>An answer of the API with its body as JSON.</summary>
internal sealed record Answer(HttpStatusCode Status, HttpResponseMessage Response, JsonElement Body)
{
    public Guid Id => Body.GetProperty("id").GetGuid();

    public string OrderStatus => Body.GetProperty("status").GetString()!;

    public string? ETag => Response.Headers.ETag?.ToString();

    public string? ProblemType => Body.ValueKind == JsonValueKind.Object && Body.TryGetProperty("type", out var type) ? type.GetString() : null;

    /// <summary>Reads an answer to its end, unless it is a stream, which may have none, or one far away.</summary>
    public static async Task<Answer> ReadAsync(HttpResponseMessage response)
    {
        if (response.Content.Headers.ContentType?.MediaType is "text/event-stream" or "application/x-ndjson")
        {
            response.Dispose();
            return new Answer(response.StatusCode, response, default);
        }

        var text = await response.Content.ReadAsStringAsync();
        var isJson = response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return new Answer(response.StatusCode, response, isJson && text.Length > 0 ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>Checks that this is a problem of RFC 9457 with our stable type.</summary>
    public Answer IsProblem(HttpStatusCode status, string name)
    {
        Assert.Equal((status, $"urn:cloudforge:problem:{name}"), (Status, ProblemType));
        Assert.Equal("application/problem+json", Response.Content.Headers.ContentType?.MediaType);
        Assert.Equal((int)status, Body.GetProperty("status").GetInt32());
        Assert.NotEmpty(Body.GetProperty("title").GetString()!);
        Assert.NotEmpty(Body.GetProperty("traceId").GetString()!);
        return this;
    }

    public Answer Is(HttpStatusCode status)
    {
        Assert.True(Status == status, $"Expected {status}, was {Status}: {Body}");
        return this;
    }

    public override string ToString() => $"{Status} {Body}";
}

/// <summary>A customer who shops over HTTP.</summary>
internal sealed class Customer(HttpClient api, Guid id, string header = "X-User-Id")
{
    public const string Address = "1 Main Street, Springfield";

    public Guid UserId => id;

    /// <summary>The cart's key in Redis.</summary>
    public string CartKey => header == "X-User-Id" ? $"cart:{{{id}}}" : $"cart:{{guest:{id}}}";

    /// <summary>Somebody with a cart and no identity.</summary>
    public static Customer Guest(HttpClient api, Guid cartId) => new(api, cartId, "X-Cart-Id");

    public Task<Answer> GetAsync(string path, params (string Name, string Value)[] headers) => SendAsync(HttpMethod.Get, path, null, headers);

    public Task<Answer> AddAsync(string productId, int quantity, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, "/api/cart/items", new { productId, quantity }, headers);

    public Task<Answer> CheckoutAsync(params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, "/api/cart/checkout", new { shippingAddress = Address }, headers);

    public Task<Answer> OrderAsync(string productId, int quantity, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Post, "/api/orders", new { items = new[] { new { productId, quantity } }, shippingAddress = Address }, headers);

    public Task<Answer> CancelAsync(Guid orderId, string? reason = null) =>
        SendAsync(HttpMethod.Put, $"/api/orders/{orderId}/cancel", reason is null ? null : new { reason });

    /// <summary>Follows an order as a browser's EventSource does.</summary>
    public async Task<EventStream> FollowAsync(Guid orderId, string? lastEventId = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/orders/{orderId}/events");
        request.Headers.Add(header, id.ToString());
        request.Headers.Add("Accept", "text/event-stream");
        if (lastEventId is not null)
        {
            request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId);
        }

        return await EventStream.OpenAsync(api, request);
    }

    public Task<Answer> CancelItemsAsync(Guid orderId, (string ProductId, int Quantity)[] lines, params (string Name, string Value)[] headers) =>
        SendAsync(
            HttpMethod.Post,
            $"/api/orders/{orderId}/cancellations",
            new { lines = lines.Select(line => new { productId = line.ProductId, quantity = line.Quantity }) },
            headers);

    public async Task<Answer> SendAsync(HttpMethod method, string path, object? body, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add(header, id.ToString());
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        request.Content = body switch
        {
            null => null,
            HttpContent content => content,
            _ => JsonContent.Create(body),
        };
        return await Answer.ReadAsync(await api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
    }

    /// <summary>The order once it has the status.</summary>
    public Task<Answer> WaitAsync(Guid orderId, string status) => Eventually.SeeAsync(
        () => GetAsync($"/api/orders/{orderId}"),
        order => order.Status == HttpStatusCode.OK && order.OrderStatus == status,
        $"order {orderId} being {status}");
}
