using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
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

/// <summary>
/// Requests with an <c>Idempotency-Key</c>. The answer is stored in the transaction of what it tells of, under a unique key: that alone
/// keeps an effect from happening twice. Before it, a request claims its key, so that a repeat that comes meanwhile is told so, and does
/// not compete with it for the last piece.
/// </summary>
internal sealed partial class Idempotency(
    NpgsqlDataSource database, IServiceScopeFactory scopes, TimeProvider time, IOptions<JsonOptions> json, ILogger<Idempotency> logger)
{
    /// <summary>Claims a key that was never used, as most are, without the cost of looking closer.</summary>
    private const string ClaimUnused =
        """
        INSERT INTO idempotency_claims (user_id, route, key, id, request_hash, expires_at)
        SELECT $1, $2, $3, $4, $5, now() + $6
        WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE user_id = $1 AND route = $2 AND key = $3)
        ON CONFLICT DO NOTHING
        """;

    private const string FindOrClaim =
        """
        WITH forgotten AS (
            DELETE FROM idempotency_keys WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at < $4),
        answer AS (
            SELECT request_hash, order_id, status_code, etag, response FROM idempotency_keys
            WHERE user_id = $1 AND route = $2 AND key = $3 AND created_at >= $4),
        claimed AS (
            INSERT INTO idempotency_claims AS claim (user_id, route, key, id, request_hash, expires_at)
            SELECT $1, $2, $3, $5, $6, now() + $7
            WHERE NOT EXISTS (SELECT FROM answer)
            ON CONFLICT (user_id, route, key) DO UPDATE
            SET id = excluded.id, request_hash = excluded.request_hash, expires_at = excluded.expires_at
            WHERE claim.expires_at < now()
            RETURNING id)
        SELECT answer.request_hash, answer.order_id, answer.status_code, answer.etag, answer.response,
               EXISTS (SELECT FROM claimed),
               (SELECT request_hash FROM idempotency_claims WHERE user_id = $1 AND route = $2 AND key = $3)
        FROM (VALUES (1)) AS always LEFT JOIN answer ON true
        """;

    private readonly JsonTypeInfo<OrderResponse> _orderJson =
        (JsonTypeInfo<OrderResponse>)json.Value.SerializerOptions.GetTypeInfo(typeof(OrderResponse));

    /// <summary>The request's header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>The answer's header.</summary>
    public const string ReplayedHeader = "Idempotency-Replayed";

    /// <summary>Claims the key of a request, unless there is an answer already; no key, nothing to claim.</summary>
    /// <param name="key">The header; <c>null</c> without one.</param>
    /// <param name="userId">Who asks.</param>
    /// <param name="route">Method and address of what is asked.</param>
    /// <param name="body">What is asked for, checked already.</param>
    /// <param name="type">Its JSON.</param>
    /// <param name="response">Gets the headers of a stored answer.</param>
    /// <param name="cancellationToken">The client gave up.</param>
    public async Task<KeyClaim> ClaimAsync<T>(
        string? key, Guid userId, string route, T body, JsonTypeInfo<T> type, HttpResponse response, CancellationToken cancellationToken)
    {
        if (!IdempotentRequest.TryCreate(key, userId, route, body, type, out var request))
        {
            return new(this) { Refusal = IdempotentRequest.BadKey() };
        }

        if (request is null)
        {
            return new(this);
        }

        var claimId = Guid.CreateVersion7();
        if (await ClaimUnusedAsync(request, claimId, cancellationToken))
        {
            return new(this) { Request = request, Id = claimId };
        }

        var found = await LookAsync(request, claimId, cancellationToken);
        if (found.Answer is { } answer)
        {
            return answer.RequestHash.AsSpan().SequenceEqual(request.Hash)
                ? new(this) { Replay = Replay(answer, response), First = answer }
                : new(this) { Refusal = Reused() };
        }

        if (found.Claimed)
        {
            return new(this) { Request = request, Id = claimId };
        }

        if (found.RunningHash is { } running && !running.AsSpan().SequenceEqual(request.Hash))
        {
            return new(this) { Refusal = Reused() };
        }

        return new(this)
        {
            Refusal = Problems.Busy(
                response, "request-in-progress", $"The first request with this {Header} is not answered yet. Send it again in a second."),
        };
    }

    /// <summary>The answer to store with what it tells of.</summary>
    public IdempotencyRecord Record(IdempotentRequest request, int statusCode, StoredOrder answer) => new()
    {
        UserId = request.UserId,
        Route = request.Route,
        Key = request.Key,
        RequestHash = request.Hash,
        OrderId = answer.Order.Id,
        StatusCode = (short)statusCode,
        ETag = EntityTags.TagOf(answer.Version),
        Response = JsonSerializer.Serialize(answer.Order, _orderJson),
        CreatedAt = time.Now(),
    };

    /// <summary>The answer of the request with the same key that was faster after all.</summary>
    public async Task<ContentHttpResult> FindWinnerAsync(IdempotentRequest request, HttpResponse response)
    {
        var found = await LookAsync(request, Guid.CreateVersion7(), CancellationToken.None);
        return found.Answer is { } answer
            ? Replay(answer, response)
            : throw new InvalidOperationException("The key was taken a moment ago and is free again.");
    }

    /// <summary>Stores the 201 for a request that made no order itself.</summary>
    /// <returns>The answer of the request with the same key that was faster, or <c>null</c>.</returns>
    public async Task<ContentHttpResult?> RememberAsync(IdempotentRequest? request, StoredOrder order, HttpResponse response)
    {
        if (request is null)
        {
            return null;
        }

        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
        context.Add(Record(request, StatusCodes.Status201Created, order));
        try
        {
            await context.SaveChangesAsync();
            return null;
        }
        catch (DbUpdateException e) when (e.IsUniqueViolation(OrdersDatabase.IdempotencyKey))
        {
            return await FindWinnerAsync(request, response);
        }
    }

    /// <summary>Claims the key if there is neither an answer nor a claim, be it long over.</summary>
    private async Task<bool> ClaimUnusedAsync(IdempotentRequest request, Guid claimId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        command.CommandText = ClaimUnused;
        AddKey(command.Parameters, request);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = claimId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = request.Hash });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = IdempotencyClaim.Longest });
        return await command.ExecuteNonQueryAsync(cancellationToken) == 1;
    }

    /// <summary>
    /// Finds the answer, or else claims the key, in one statement. A claim stays after a success, so whoever finds none knows that there
    /// is no answer either, whatever moment the statement sees.
    /// </summary>
    private async Task<KeyState> LookAsync(IdempotentRequest request, Guid claimId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand();
        command.CommandText = FindOrClaim;
        AddKey(command.Parameters, request);
        command.Parameters.Add(new NpgsqlParameter<DateTimeOffset> { TypedValue = time.Now() - IdempotencyRecord.Kept });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = claimId });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = request.Hash });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = IdempotencyClaim.Longest });
        await using var row = await command.ExecuteReaderAsync(cancellationToken);
        await row.ReadAsync(cancellationToken);
        return new(
            row.IsDBNull(0) ? null : new(row.GetFieldValue<byte[]>(0), row.GetGuid(1), row.GetInt16(2), row.GetString(3), row.GetString(4)),
            row.GetBoolean(5),
            row.IsDBNull(6) ? null : row.GetFieldValue<byte[]>(6));
    }

    private static void AddKey(NpgsqlParameterCollection parameters, IdempotentRequest request)
    {
        parameters.Add(new NpgsqlParameter<Guid> { TypedValue = request.UserId });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = request.Route });
        parameters.Add(new NpgsqlParameter<string> { TypedValue = request.Key });
    }

    private static ContentHttpResult Replay(StoredAnswer answer, HttpResponse response)
    {
        response.Headers[ReplayedHeader] = "true";
        response.Headers.ETag = answer.ETag;
        if (answer.StatusCode == StatusCodes.Status201Created)
        {
            response.Headers.Location = OrderResponse.LocationOf(answer.OrderId);
        }

        return TypedResults.Text(answer.Response, "application/json; charset=utf-8", statusCode: answer.StatusCode);
    }

    /// <summary>422 for a key that came with something else before.</summary>
    public static ProblemHttpResult Reused() => Problems.Of(
        StatusCodes.Status422UnprocessableEntity,
        "idempotency-key-reused",
        $"This {Header} came with another request before. A new request needs a new key.");

    /// <summary>Frees a key whose request had no effect. Where that fails, the claim ends by itself.</summary>
    private async Task ReleaseAsync(IdempotentRequest request, Guid claimId)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await scope.ServiceProvider.GetRequiredService<OrdersDbContext>().IdempotencyClaims
                .Where(claim => claim.UserId == request.UserId && claim.Route == request.Route && claim.Key == request.Key && claim.Id == claimId)
                .ExecuteDeleteAsync();
        }
        catch (Exception e) when (DatabaseFailure.IsAway(e))
        {
            LogNotReleased(logger, IdempotencyClaim.Longest.TotalSeconds, e.Message);
        }
    }

    [LoggerMessage(EventId = 2201, EventName = "KeyClaimNotReleased", Level = LogLevel.Warning, Message = "The claim of an idempotency key was not taken back and ends within {Seconds} s: {Reason}")]
    private static partial void LogNotReleased(ILogger logger, double seconds, string reason);

    /// <summary>A key as the database has it.</summary>
    /// <param name="Answer">The first answer, if there is one.</param>
    /// <param name="Claimed">Whether it is claimed for this request now.</param>
    /// <param name="RunningHash">What the request that had claimed it asks for.</param>
    private sealed record KeyState(StoredAnswer? Answer, bool Claimed, byte[]? RunningHash);

    internal sealed record StoredAnswer(byte[] RequestHash, Guid OrderId, short StatusCode, string ETag, string Response);

    /// <summary>A key that is claimed, or the reason why the request need not or may not run. Disposed, it frees a key that was not used.</summary>
    internal sealed class KeyClaim(Idempotency keys) : IAsyncDisposable
    {
        private bool _used;

        /// <summary>What is stored of the first answer.</summary>
        internal StoredAnswer? First { private get; init; }

        /// <summary>The request, to store the answer with its effect; <c>null</c> for one without a key.</summary>
        public IdempotentRequest? Request { get; init; }

        /// <summary>The first answer again.</summary>
        public ContentHttpResult? Replay { get; init; }

        /// <summary>The order as that first answer showed it.</summary>
        public OrderResponse? Answered => First is { } first ? JsonSerializer.Deserialize(first.Response, keys._orderJson) : null;

        /// <summary>Why the request may not run: a key that is none, that came with something else before, or whose request is running.</summary>
        public ProblemHttpResult? Refusal { get; init; }

        /// <summary>Of the claim.</summary>
        public Guid Id { get; init; }

        /// <summary>The answer is stored: whoever comes now finds it.</summary>
        public void Use() => _used = true;

        /// <inheritdoc />
        public ValueTask DisposeAsync() => Request is { } request && !_used ? new(keys.ReleaseAsync(request, Id)) : ValueTask.CompletedTask;
    }
}
