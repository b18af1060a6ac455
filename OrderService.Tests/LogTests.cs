using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>What callers make up does not become an entry of the log of its own, nor a command to the terminal of whoever reads it.</summary>
[Collection(OneShop.Name)]
public sealed class LogTests(ShopFixture shop)
{
    private const string Mark = "forged-entry";

    /// <summary>What would end a line, begin another, clear a screen or colour it, in UTF-8 as well as in eight bits.</summary>
    private static readonly string[] Breaks = ["\r\n", "\n", "\r", "\u001b[2J", "\u001b[31m", "\u009b31m", "\u0085", "\u2028", "\b\b\b", "\0", "\u202e"];

    [Fact]
    public async Task Nothing_in_a_request_writes_lines_into_the_apis_log()
    {
        using var api = await ApiProcess.StartAsync(
            shop,
            ApiProcess.Gateway,
            ($"services:{ResourceNames.Products}:http:0", "http://127.0.0.1:1"),
            ($"ConnectionStrings:{ResourceNames.Redis}", "127.0.0.1:1,abortConnect=false,connectTimeout=100,asyncTimeout=100"),
            // All that the service and its framework can say.
            ("Logging:LogLevel:Default", "Debug"),
            ("Logging:LogLevel:Microsoft.AspNetCore", "Debug"),
            ("Logging:LogLevel:Microsoft.EntityFrameworkCore", "Information"));
        var customer = new Customer(api.Client, shop.NewCustomer().UserId);

        foreach (var route in await ApiRoute.ReadAsync(api.Client))
        {
            // All at once in a text, since a route that asks for products takes its time here; a null character in an address ends at the web server.
            foreach (var forged in new[] { $"{string.Concat(Breaks)}{Mark}", $"{string.Join(Mark, Breaks.Where(text => text != "\0"))}{Mark}" })
            {
                var inAddress = Uri.EscapeDataString($"x{forged}");
                var inHeader = string.Concat(forged.Where(character => char.IsAscii(character) && character is not ('\r' or '\n' or '\0')));
                var inBody = JsonSerializer.Serialize($"x{forged}");
                await customer.SendAsync(
                    route.Method,
                    $"{route.PathFor(inAddress.Contains("%00", StringComparison.Ordinal) ? Mark : inAddress)}?status={inAddress}&cursor={inAddress}&{inAddress}={inAddress}",
                    route.HasBody ? new StringContent(BodyWith(route, inBody), Encoding.UTF8, route.MediaType) : null,
                    ("Idempotency-Key", $"x{inHeader}"), ("User-Agent", $"x{inHeader}"), ("traceparent", $"x{inHeader}"), ("X-User-Roles", "orders:operate"));
            }
        }

        (await customer.AddAsync("P-0001", 1)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        await api.StopAsync();
        IsOneEntryALine(api.Output, atLeast: 50);
    }

    [Fact]
    public async Task Nothing_in_a_message_writes_lines_into_the_workers_log()
    {
        var order = (await shop.NewCustomer().OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.WithoutWorkerAsync(async () =>
        {
            using var worker = await WorkerProcess.StartAsync(shop);
            foreach (var forged in Breaks.Select(text => $"{text}{Mark}"))
            {
                var id = Guid.NewGuid().ToString();
                var body = Encoding.UTF8.GetBytes($$"""{"orderId":"{{order}}","paymentId":{{JsonSerializer.Serialize(forged)}},"amount":1,"currency":{{JsonSerializer.Serialize(forged)}}}""");
                foreach (var (key, headers) in new (string, Dictionary<string, string?>)[]
                {
                    (forged, new() { ["ce_id"] = id, ["ce_type"] = "io.cloudforge.payment.succeeded.v1" }),
                    (order.ToString(), new() { ["ce_id"] = id, ["ce_type"] = $"io{forged}" }),
                    (order.ToString(), new() { ["ce_id"] = $"{id}{forged}", ["ce_type"] = "io.cloudforge.payment.succeeded.v1", ["ce_source"] = forged, ["traceparent"] = forged }),
                    (order.ToString(), new() { ["ce_id"] = id, ["ce_type"] = "io.cloudforge.payment.failed.v1", ["ce_source"] = forged, [forged] = forged }),
                })
                {
                    await shop.Publisher.SendAsync("cloudforge.payments", key, body, headers);
                }
            }

            await Eventually.SeeAsync(
                () => worker.Output.Split(Mark).Length, seen => seen > Breaks.Length, "the messages being parked, and logged");
            Assert.Equal(0, await worker.StopAsync());
            IsOneEntryALine(worker.Output, atLeast: Breaks.Length);
        });
    }

    private static string BodyWith(ApiRoute route, string text) =>
        $"{{{string.Join(',', JsonDocument.Parse(ApiRoute.Bodies[route.ToString()]).RootElement.EnumerateObject().Select(field => $"{JsonSerializer.Serialize(field.Name)}:{text}"))}}}";

    private static void IsOneEntryALine(string output, int atLeast)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(lines.Length, atLeast, int.MaxValue);
        Assert.Contains(Mark, output, StringComparison.Ordinal);
        foreach (var line in lines.Select(line => line.TrimEnd('\r')))
        {
            Assert.True(line.StartsWith('{'), $"No entry of the log: {line}");
            using var entry = JsonDocument.Parse(line);
            Assert.True(entry.RootElement.TryGetProperty("LogLevel", out _), line);
            Assert.DoesNotContain(line, character => char.IsControl(character) || character is '\u2028' or '\u202e');
        }
    }
}
