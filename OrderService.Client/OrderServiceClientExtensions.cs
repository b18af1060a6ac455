using OrderService.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the client.</summary>
public static class OrderServiceClientExtensions
{
    /// <summary>
    /// Adds <see cref="IOrderServiceClient"/> with an <see cref="HttpClient"/> of the factory. Who the requests are from is for a handler of
    /// the builder that comes back to say.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="baseAddress">
    /// Where the service is; without it the resource <c>api</c> of the application, which service discovery finds: the application calls
    /// <c>AddServiceDefaults</c>, or <c>AddServiceDiscovery</c> itself.
    /// </param>
    public static IHttpClientBuilder AddOrderServiceClient(this IServiceCollection services, Uri? baseAddress = null) => services
        .AddHttpClient<IOrderServiceClient, OrderServiceClient>(client => client.BaseAddress = baseAddress ?? new Uri("https+http://api"));
}
