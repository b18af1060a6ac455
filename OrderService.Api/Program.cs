using OrderService;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Api.Operations;
using OrderService.Api.Orders;
using OrderService.Api.Pages;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

try
{
    if (args is [HealthProbe.Command, var address])
    {
        return await HealthProbe.RunAsync(address);
    }

    EventCatalog.Verify();

    var builder = WebApplication.CreateBuilder(args);

    builder.RequireConnectionStrings(ResourceNames.Orders, ResourceNames.Redis);
    builder.AddServiceDefaults();
    builder.AddOrdersDatabase(ResourceNames.Orders);
    builder.AddCarts(ResourceNames.Redis);
    builder.AddClients();
    builder.AddOrders();
    builder.AddOperations();
    builder.AddPages();
    builder.AddIdentity();
    builder.AddRateLimits();
    builder.AddOverload();
    builder.AddHttpContract();

    var app = builder.Build();
    app.CheckSettings();

    app.UseHttpContract();
    app.UseAuthentication();
    app.UseRateLimiter();
    app.UseAuthorization();
    app.UseOverload();

    app.MapApiDocument();
    app.MapCarts();
    app.MapOrders();
    app.MapOperations();
    app.MapPages();
    app.MapDefaultEndpoints();

    await app.RunAsync();
    return 0;
}
catch (SettingsException wrong)
{
    // The person who starts the service reads one message.
    await Console.Error.WriteLineAsync(wrong.Message);
    return 1;
}
