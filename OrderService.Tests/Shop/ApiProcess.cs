namespace OrderService.Tests.Shop;

/// <summary>
/// One more API, beside the one of the graph and on the same PostgreSQL, Redis and services, with settings of its own. It runs as in
/// production: without settings of its own it believes nobody.
/// </summary>
internal sealed class ApiProcess : ServiceProcess
{
    /// <summary>It takes <c>X-User-Id</c> from the gateway, as the tests' customers send it.</summary>
    public static readonly (string Setting, string Value) Gateway = ("Identity:TrustGatewayHeader", "true");

    private ApiProcess(Surroundings surroundings, (string Setting, string Value)[] settings)
        : base(StartInfo("OrderService.Api.dll", Folder(), [("ASPNETCORE_ENVIRONMENT", "Production"), .. surroundings.Settings, .. settings]))
    {
    }

    /// <summary>A client of it.</summary>
    public HttpClient Client { get; } = new();

    /// <summary>Starts an API and returns when it listens.</summary>
    public static async Task<ApiProcess> StartAsync(ShopFixture shop, params (string Setting, string Value)[] settings) =>
        await StartAsync(await shop.SurroundingsAsync(), settings);

    /// <inheritdoc cref="StartAsync(ShopFixture, ValueTuple{string, string}[])"/>
    public static async Task<ApiProcess> StartAsync(Surroundings surroundings, params (string Setting, string Value)[] settings)
    {
        var api = Start(surroundings, settings);
        api.Client.BaseAddress = await api.ListenAsync();
        return api;
    }

    /// <summary>Starts an API and does not wait for it; its client has no address.</summary>
    public static ApiProcess Start(Surroundings surroundings, params (string Setting, string Value)[] settings) => new(surroundings, settings);

    /// <summary>Starts an API that ends by itself.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(ShopFixture shop, params (string Setting, string Value)[] settings)
    {
        using var api = new ApiProcess(await shop.SurroundingsAsync(), settings);
        return (await api.EndAsync(), api.Output);
    }

    public override void Dispose()
    {
        Client.Dispose();
        base.Dispose();
    }

    /// <summary><c>artifacts/bin/OrderService.Tests/debug</c> → <c>artifacts/bin/OrderService.Api/debug</c></summary>
    private static string Folder()
    {
        var tests = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Combine(tests.Parent!.Parent!.FullName, "OrderService.Api", tests.Name);
    }
}
