using Stubs;
using UserService;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddStubDefaults();
builder.Services.AddSingleton<UserDirectory>();

var app = builder.Build();
app.UseStubDefaults();
app.MapDefaultEndpoints();
app.MapPage();
app.MapUsers();
app.Run();
