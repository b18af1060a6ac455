namespace OrderService.Tests.Shop;

/// <summary>One more replica of the worker, beside the one of the graph and on the same PostgreSQL and Kafka.</summary>
internal sealed class WorkerProcess : ServiceProcess
{
    private WorkerProcess(Surroundings surroundings, (string Setting, string Value)[] settings)
        : base(StartInfo("OrderService.Worker.dll", AppContext.BaseDirectory, [.. surroundings.Settings, .. settings]))
    {
    }

    public static async Task<WorkerProcess> StartAsync(ShopFixture shop, params (string Setting, string Value)[] settings) =>
        Start(await shop.SurroundingsAsync(), settings);

    public static WorkerProcess Start(Surroundings surroundings, params (string Setting, string Value)[] settings) => new(surroundings, settings);

    /// <summary>Waits for a worker that ends by itself.</summary>
    public async Task<(int ExitCode, string Output)> WaitForExitAsync() => (await EndAsync(), Output);
}
