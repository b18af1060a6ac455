using ProductService;
using Stubs;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddStubDefaults();
builder.Services.AddSingleton(services =>
{
    var inventory = new Inventory(services.GetRequiredService<TimeProvider>());
    Seed.Fill(inventory);
    return inventory;
});

var app = builder.Build();
app.UseStubDefaults();
app.MapDefaultEndpoints();
app.MapPage();
app.MapProducts();
app.MapReservations();
app.Run();
