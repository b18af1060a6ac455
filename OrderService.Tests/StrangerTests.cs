using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Somebody who has got hold of the id of what is another's learns nothing and changes nothing.</summary>
[Collection(OneShop.Name)]
public sealed class StrangerTests(ShopFixture shop)
{
    [Fact]
    public async Task Another_customers_order_is_as_unknown_as_one_that_never_was_on_every_route()
    {
        var (owner, stranger) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var order = (await owner.OrderAsync(product, 2)).Is(HttpStatusCode.Created);
        var routes = (await ApiRoute.ReadAsync(shop.Api)).Where(route => route.Path.StartsWith("/api/orders/{id}", StringComparison.Ordinal)).ToList();
        Assert.Contains(routes, route => route.Path.EndsWith("/cancel", StringComparison.Ordinal));

        foreach (var route in routes)
        {
            foreach (var headers in new (string, string)[][] { [], [("If-Match", order.ETag!)], [("If-None-Match", order.ETag!)], [("Last-Event-ID", "1")], [("Idempotency-Key", "a-key")] })
            {
                var theirs = await AskAsync(route, order.Id.ToString(), headers);
                var nobodys = await AskAsync(route, Guid.CreateVersion7().ToString(), headers);

                theirs.IsProblem(HttpStatusCode.NotFound, "order-not-found");
                Assert.Equal(WhatIsSeen(nobodys), WhatIsSeen(theirs));
            }
        }

        var after = await owner.GetAsync($"/api/orders/{order.Id}");
        Assert.Equal((order.Body.ToString(), order.ETag), (after.Body.ToString(), after.ETag));

        Task<Answer> AskAsync(ApiRoute route, string id, (string, string)[] headers) => stranger.SendAsync(
            route.Method, route.PathFor(id), route.HasBody ? new StringContent(route.BodyFor(product), Encoding.UTF8, "application/json") : null, headers);
    }

    [Fact]
    public async Task Lists_keys_and_carts_of_others_are_never_met()
    {
        var (owner, stranger) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var key = ("Idempotency-Key", Guid.NewGuid().ToString());
        (await owner.AddAsync(product, 2)).Is(HttpStatusCode.OK);
        var order = (await owner.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id;

        Assert.Equal(0, (await stranger.GetAsync("/api/orders")).Body.GetProperty("items").GetArrayLength());
        Assert.Equal(0, (await stranger.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
        Assert.NotEqual(order, (await stranger.OrderAsync(product, 1, key)).Is(HttpStatusCode.Created).Id);
        Assert.Equal(2, (await owner.GetAsync("/api/cart")).Body.GetProperty("itemCount").GetInt32());
    }

    /// <summary>All that tells one answer from another, but when and in which trace it was given.</summary>
    private static string WhatIsSeen(Answer answer)
    {
        var headers = answer.Response.Headers.Concat(answer.Response.Content.Headers)
            .Where(header => header.Key is not "Date")
            .Select(header => $"{header.Key}: {string.Join(", ", header.Value)}")
            .Order(StringComparer.Ordinal);
        var body = answer.Body.EnumerateObject().Where(property => property.Name != "traceId").Select(property => $"{property.Name}: {JsonSerializer.Serialize(property.Value)}");
        return string.Join('\n', headers.Concat(body).Prepend(answer.Status.ToString()));
    }
}
