using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>One caller can't take the service from the others. The window is long, so that none ends within a test.</summary>
[Collection(OneShop.Name)]
public sealed class RateLimitTests(ShopFixture shop)
{
    private static readonly (string, string) Window = ("RateLimits:Window", "01:00:00");

    [Fact]
    public async Task A_user_who_asks_too_often_is_told_when_to_come_back_and_others_go_on()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, Window, ("RateLimits:PerUser", "3"));
        var (busy, other) = (new Customer(api.Client, Guid.NewGuid()), new Customer(api.Client, Guid.NewGuid()));

        for (var i = 0; i < 3; i++)
        {
            (await busy.GetAsync("/api/cart")).Is(HttpStatusCode.OK);
        }

        var answer = (await busy.GetAsync("/api/orders")).IsProblem(HttpStatusCode.TooManyRequests, "too-many-requests");
        Assert.InRange(answer.Response.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(30), TimeSpan.FromHours(1));
        (await other.GetAsync("/api/orders")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task An_address_is_limited_whoever_asks_and_probes_are_not()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, Window, ("RateLimits:PerUser", "0"), ("RateLimits:PerAddress", "3"));

        for (var i = 0; i < 3; i++)
        {
            (await Answer.ReadAsync(await api.Client.GetAsync("/api/orders"))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        }

        (await Answer.ReadAsync(await api.Client.GetAsync("/api/orders"))).IsProblem(HttpStatusCode.TooManyRequests, "too-many-requests");
        (await new Customer(api.Client, Guid.NewGuid()).GetAsync("/api/cart")).IsProblem(HttpStatusCode.TooManyRequests, "too-many-requests");
        foreach (var probe in new[] { "/alive", "/health" })
        {
            // Whether everything answers in time is another matter.
            Assert.NotEqual(HttpStatusCode.TooManyRequests, (await api.Client.GetAsync(probe)).StatusCode);
        }
    }

    [Fact]
    public async Task There_are_limits_unless_somebody_develops()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, Window);
        var (there, here) = (new Customer(api.Client, Guid.NewGuid()), shop.NewCustomer());

        for (var i = 0; i < 300; i++)
        {
            (await there.GetAsync("/api/cart")).Is(HttpStatusCode.OK);
            (await here.GetAsync("/api/cart")).Is(HttpStatusCode.OK);
        }

        (await there.GetAsync("/api/cart")).IsProblem(HttpStatusCode.TooManyRequests, "too-many-requests");
        (await here.GetAsync("/api/cart")).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("RateLimits:PerUser", "-1")]
    [InlineData("RateLimits:PerAddress", "many")]
    [InlineData("RateLimits:Window", "00:00:00")]
    public async Task A_limit_that_is_none_ends_the_start(string setting, string value)
    {
        var (exitCode, output) = await ApiProcess.RunAsync(shop, ApiProcess.Gateway, (setting, value));

        Assert.Equal(1, exitCode);
        Assert.Contains(setting, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
