using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>A service's program asks the running one how it is: what Docker Compose does inside a container.</summary>
[Collection(OneShop.Name)]
public sealed class HealthProbeTests(ShopFixture shop)
{
    [Theory]
    [InlineData("OrderService.Api.dll")]
    [InlineData("OrderService.Worker.dll")]
    public async Task A_service_that_is_ready_is_healthy_to_its_own_program(string program)
    {
        var (exitCode, output) = await ProbeAsync(program, new Uri(shop.Api.BaseAddress!, "/health"));

        Assert.True(exitCode == 0, output);
    }

    [Theory]
    [InlineData("/api/orders", "401")]
    [InlineData("", "does not answer")]
    public async Task Any_other_answer_and_none_are_failures_that_say_why(string path, string reason)
    {
        // Nobody listens on the discard port.
        var address = path.Length > 0 ? new Uri(shop.Api.BaseAddress!, path) : new Uri("http://127.0.0.1:9/health");

        var (exitCode, output) = await ProbeAsync("OrderService.Api.dll", address);

        Assert.Equal(1, exitCode);
        Assert.Contains(reason, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    private static Task<(int ExitCode, string Output)> ProbeAsync(string program, Uri address) =>
        ProgramRun.ToEndAsync("dotnet", [Path.Combine(AppContext.BaseDirectory, program), HealthProbe.Command, address.ToString()]);
}
