using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using OrderService.Api.Orders;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

namespace OrderService.Api.Http;

/// <summary>A request with an <c>Idempotency-Key</c>.</summary>
/// <param name="UserId">Who asks.</param>
/// <param name="Route">Method and route.</param>
/// <param name="Key">The key.</param>
/// <param name="Hash">SHA-256 of what is asked for, whatever the spelling of its JSON.</param>
internal sealed record IdempotentRequest(Guid UserId, string Route, string Key, byte[] Hash)
{
    /// <summary>Reads the key; <paramref name="keyed"/> is <c>null</c> without one.</summary>
    /// <returns>False for a key that isn't one.</returns>
    public static bool TryCreate<T>(string? key, Guid userId, string route, T body, JsonTypeInfo<T> json, out IdempotentRequest? keyed)
    {
        keyed = null;
        if (key is null)
        {
            return true;
        }

        if (key.Length is 0 or > IdempotencyRecord.KeyLength || !key.All(c => c is > ' ' and <= '~'))
        {
            return false;
        }

        keyed = new(userId, route, key, SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(body, json)));
        return true;
    }

    /// <summary>400 for a key that isn't one.</summary>
    public static ProblemHttpResult BadKey() =>
        Problems.Invalid(Idempotency.Header, $"Is one key of 1 to {IdempotencyRecord.KeyLength} visible ASCII characters.");
}

/// <summary>First answers to requests with an <c>Idempotency-Key</c>. They are stored in the transaction of the order that they tell of.</summary>
internal sealed class Idempotency(OrdersDbContext database, TimeProvider time, IOptions<JsonOptions> json)
{
    /// <summary>The request's header.</summary>
    public const string Header = "Idempotency-Key";

    private const string ReplayedHeader = "Idempotency-Replayed";

    private static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    /// <summary>The answer to store with an order.</summary>
    public IdempotencyRecord Record(IdempotentRequest request, OrderResponse order, int version) => new()
    {
        UserId = request.UserId,
        Route = request.Route,
        Key = request.Key,
        RequestHash = request.Hash,
        OrderId = order.Id,
        ETag = EntityTags.TagOf(version),
        Response = JsonSerializer.Serialize(order, (JsonTypeInfo<OrderResponse>)json.Value.SerializerOptions.GetTypeInfo(typeof(OrderResponse))),
        CreatedAt = time.Now(),
    };

    /// <summary>
    /// The first answer again, or 422 for a key that came with something else before; <c>null</c> for a key not seen in the last 24
    /// hours and for no key.
    /// </summary>
    public async Task<OrderAnswer?> FindAnswerAsync(IdempotentRequest? request, HttpResponse response, CancellationToken cancellationToken)
    {
        if (request is null)
        {
            return null;
        }

        var records = database.IdempotencyKeys.Where(r => r.UserId == request.UserId && r.Route == request.Route && r.Key == request.Key);
        if (await records.AsNoTracking().SingleOrDefaultAsync(cancellationToken) is not { } record)
        {
            return null;
        }

        var oldest = time.Now() - Kept;
        if (record.CreatedAt < oldest)
        {
            // Not swept away yet, and in the way of the new one.
            await records.Where(r => r.CreatedAt < oldest).ExecuteDeleteAsync(cancellationToken);
            return null;
        }

        if (!record.RequestHash.AsSpan().SequenceEqual(request.Hash))
        {
            return Problems.Of(
                StatusCodes.Status422UnprocessableEntity,
                "idempotency-key-reused",
                $"This {Header} came with another request before. A new request needs a new key.");
        }

        response.Headers[ReplayedHeader] = "true";
        response.Headers.Location = OrderResponse.LocationOf(record.OrderId);
        response.Headers.ETag = record.ETag;
        return TypedResults.Text(record.Response, "application/json; charset=utf-8", statusCode: StatusCodes.Status201Created);
    }

    /// <summary>The answer of the request with the same key that was faster.</summary>
    public async Task<OrderAnswer> FindWinnerAsync(IdempotentRequest request, HttpResponse response) =>
        await FindAnswerAsync(request, response, CancellationToken.None)
        ?? throw new InvalidOperationException("The key was taken a moment ago and is free again.");

    /// <summary>Stores the answer to a request that made no order itself.</summary>
    /// <returns>The answer of the request with the same key that was faster, or <c>null</c>.</returns>
    public async Task<OrderAnswer?> RememberAsync(IdempotentRequest? request, OrderResponse order, int version, HttpResponse response)
    {
        if (request is null)
        {
            return null;
        }

        database.Add(Record(request, order, version));
        try
        {
            await database.SaveChangesAsync();
            return null;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation(OrdersDatabase.IdempotencyKey))
        {
            database.ChangeTracker.Clear();
            return await FindWinnerAsync(request, response);
        }
    }
}
