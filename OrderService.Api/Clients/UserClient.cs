using System.Net;
using Microsoft.Extensions.Caching.Memory;

namespace OrderService.Api.Clients;

/// <summary>The User service: who may order.</summary>
internal sealed class UserClient(HttpClient http, KnownCustomers known)
{
    /// <summary>Whether the user exists and is enabled. A yes is remembered for <see cref="KnownCustomers.Age"/>.</summary>
    /// <exception cref="DependencyUnavailableException">The service is away.</exception>
    public async Task<bool> MayOrderAsync(Guid userId, CancellationToken cancellationToken)
    {
        if (known.Contains(userId))
        {
            return true;
        }

        var mayOrder = await ServiceClients.CallAsync(ResourceNames.Users, async () =>
        {
            using var answer = await http.GetAsync($"api/users/{userId}", cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NotFound)
            {
                return false;
            }

            var user = answer.IsSuccessStatusCode
                ? await answer.Content.ReadFromJsonAsync(ClientJson.Default.UserAnswer, cancellationToken)
                : null;
            return user?.Enabled ?? throw ServiceClients.Unexpected(ResourceNames.Users, answer);
        });

        if (mayOrder)
        {
            known.Add(userId);
        }

        return mayOrder;
    }

    internal sealed record UserAnswer(bool Enabled);
}

/// <summary>The customers of the last seconds, so that a customer's checkouts don't each ask the User service.</summary>
internal sealed class KnownCustomers(TimeProvider time) : IDisposable
{
    /// <summary>How long an answer counts, at most.</summary>
    public static readonly TimeSpan Age = TimeSpan.FromSeconds(30);

    private const int MostCustomers = 10_000;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = MostCustomers });

    /// <summary>Remembers a customer from now on.</summary>
    public void Add(Guid userId) => _cache.Set(
        userId, time.GetTimestamp(), new MemoryCacheEntryOptions { AbsoluteExpirationRelativeToNow = Age, Size = 1 });

    /// <summary>Whether the customer is known and the knowledge is fresh.</summary>
    public bool Contains(Guid userId) => _cache.TryGetValue<long>(userId, out var since) && time.GetElapsedTime(since) < Age;

    /// <inheritdoc />
    public void Dispose() => _cache.Dispose();
}
