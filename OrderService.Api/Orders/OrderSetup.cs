using Microsoft.Extensions.DependencyInjection.Extensions;
using OrderService.Api.Http;
using OrderService.Core.Orders;

namespace OrderService.Api.Orders;

/// <summary>Registers orders.</summary>
internal static class OrderSetup
{
    /// <summary>Adds what the routes need.</summary>
    public static void AddOrders(this IHostApplicationBuilder builder)
    {
        builder.Services.AddOptions<OrderOptions>().BindConfiguration(OrderOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddOptions<TrackingOptions>().BindConfiguration(TrackingOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        builder.Services.TryAddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<OrderTracker>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OrderTracker>());
        builder.Services.AddScoped<Placement>();
        builder.Services.AddSingleton<OrphanedReservations>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OrphanedReservations>());
        builder.Services.AddSingleton<Idempotency>();
        builder.Services.AddSingleton<OrderReader>();
    }
}
