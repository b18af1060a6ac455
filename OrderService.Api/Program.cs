using OrderService;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Api.Orders;
using OrderService.Core.Messaging;
using OrderService.Core.Persistence;

EventCatalog.Verify();

var builder = WebApplication.CreateBuilder(args);

builder.AddServiceDefaults();
builder.AddOrdersDatabase(ResourceNames.Orders);
builder.AddCarts(ResourceNames.Redis);
builder.AddClients();
builder.AddOrders();
builder.AddIdentity();
builder.AddHttpContract();

var app = builder.Build();

app.UseHttpContract();
app.UseAuthentication();
app.UseAuthorization();

app.MapOpenApi();
app.MapCarts();
app.MapOrders();
app.MapDefaultEndpoints();

app.Run();
