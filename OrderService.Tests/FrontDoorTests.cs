using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Where the service is found.</summary>
[Collection(OneShop.Name)]
public sealed class FrontDoorTests(ShopFixture shop)
{
    [Fact]
    public void The_api_is_at_port_8083()
    {
        var api = shop.App.Services.GetRequiredService<DistributedApplicationModel>().Resources.Single(resource => resource.Name == ResourceNames.Api);

        Assert.Equal(8083, api.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == "http").Port);
    }
}
