using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Http.Resilience;
using OpenTelemetry;
using Polly;

namespace OrderService.Api.Clients;

/// <summary>The clients of the services that the API calls.</summary>
internal static class ServiceClients
{
    /// <summary>Adds the clients and their health checks. Either service may be away: carts and orders stay readable.</summary>
    public static void AddClients(this IHostApplicationBuilder builder)
    {
        builder.AddClient(ResourceNames.Products).AddTypedClient<ProductClient>();
        builder.AddClient(ResourceNames.Users).AddTypedClient<UserClient>();
        builder.Services.AddSingleton<ProductLookup>();
        builder.Services.AddSingleton<KnownCustomers>();

        // A customer waits for the answer: many short tries rather than one long one. All calls are idempotent.
        builder.Services.ConfigureAll<HttpStandardResilienceOptions>(resilience =>
        {
            resilience.AttemptTimeout.Timeout = TimeSpan.FromSeconds(3);
            resilience.TotalRequestTimeout.Timeout = TimeSpan.FromSeconds(10);
            resilience.Retry.Delay = TimeSpan.FromMilliseconds(200);

            // A few customers who waited in vain are enough: those after them learn it at once.
            resilience.CircuitBreaker.MinimumThroughput = 10;
        });
    }

    /// <summary>Runs a call and tells every way in which a service can be away as one exception.</summary>
    /// <exception cref="DependencyUnavailableException">It did not answer, or not what its contract says.</exception>
    public static async Task<T> CallAsync<T>(string service, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception e) when (e is HttpRequestException or ExecutionRejectedException or JsonException or IOException or TimeoutException)
        {
            throw new DependencyUnavailableException(service, $"The service '{service}' does not answer.", e);
        }
    }

    /// <summary>For an answer that the contract does not know.</summary>
    public static DependencyUnavailableException Unexpected(string service, HttpResponseMessage answer) => Unexpected(
        service, $"{answer.RequestMessage?.Method} {answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode}.");

    /// <inheritdoc cref="Unexpected(string, HttpResponseMessage)" />
    public static DependencyUnavailableException Unexpected(string service, string problem) =>
        new(service, $"The service '{service}' gave an answer that makes no sense.", new HttpRequestException(problem));

    private static IHttpClientBuilder AddClient(this IHostApplicationBuilder builder, string service)
    {
        builder.Services.AddHealthChecks().Add(new HealthCheckRegistration(
            service, services => new Check(services.GetRequiredService<IHttpClientFactory>(), service), HealthStatus.Degraded, tags: null));
        return builder.Services.AddHttpClient(service, client => client.BaseAddress = new Uri($"https+http://{service}"));
    }

    /// <summary>Whether a service is alive. Its own dependencies are its own affair.</summary>
    private sealed class Check(IHttpClientFactory clients, string service) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        {
            using var quiet = SuppressInstrumentationScope.Begin();
            using var client = clients.CreateClient(service);
            using var answer = await client.GetAsync("alive", cancellationToken);
            return answer.IsSuccessStatusCode
                ? HealthCheckResult.Healthy()
                : new HealthCheckResult(context.Registration.FailureStatus, $"It answers {(int)answer.StatusCode}.");
        }
    }
}

/// <summary>The JSON of the other services.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(ProductClient.ProductAnswer))]
[JsonSerializable(typeof(ProductClient.ProductPage))]
[JsonSerializable(typeof(ProductClient.Catalogue))]
[JsonSerializable(typeof(ProductClient.ReservationRequest))]
[JsonSerializable(typeof(ProductClient.ReservationAnswer))]
[JsonSerializable(typeof(ProductClient.Refusal))]
[JsonSerializable(typeof(UserClient.UserAnswer))]
internal sealed partial class ClientJson : JsonSerializerContext;
