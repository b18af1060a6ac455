using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Fuzz;

/// <summary>
/// Requests and messages that nobody would think of, made by a seeded generator. A failure tells its seed: <c>FUZZ_SEED</c> repeats it, and
/// <c>FUZZ_REQUESTS</c> and <c>FUZZ_EVENTS</c> make the rounds longer (SECURITY.md has the command).
/// </summary>
[Collection(OneShop.Name)]
public sealed class FuzzTests(ShopFixture shop)
{
    private static readonly int Seed = Setting("FUZZ_SEED", Random.Shared.Next());

    [Fact]
    public async Task Requests_made_from_the_document_are_answered_as_it_says_and_harm_nobody()
    {
        var requests = Setting("FUZZ_REQUESTS", 1_500);
        var routes = await ApiRoute.ReadAsync(shop.Api);
        var products = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => shop.NewProductAsync(stock: 1_000_000)));
        var bystander = shop.NewCustomer();
        var kept = (await bystander.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        (await bystander.AddAsync(products[0], 1)).Is(HttpStatusCode.OK);
        var before = await LookAsync();
        var customers = Enumerable.Range(0, 4).Select(_ => shop.NewCustomer()).ToList();
        var orders = await Task.WhenAll(customers.Select(customer => customer.OrderAsync(products[0], 2)));
        string[] ids = [.. orders.Select(order => order.Id.ToString()), kept.ToString(), bystander.UserId.ToString(), Guid.Empty.ToString(), Guid.NewGuid().ToString()];
        var statuses = new ConcurrentDictionary<int, int>();

        await Parallel.ForEachAsync(Enumerable.Range(0, requests), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (number, _) =>
        {
            var request = new RequestFuzzer(new Random(unchecked(Seed + (number * 7_919))), ids, products).Next(routes);
            var content = request.Body is null ? null : new ByteArrayContent(request.Body);
            content?.Headers.TryAddWithoutValidation("Content-Type", request.ContentType);
            try
            {
                var answer = await customers[number % customers.Count].SendAsync(request.Method, request.Path, content, request.Headers);
                Assert.True((int)answer.Status < 500 || IsBusy(answer), $"It answered {answer}.");
                statuses.AddOrUpdate((int)answer.Status, 1, (_, count) => count + 1);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"FUZZ_SEED={Seed}, request {number}: {request}", e);
            }
        });

        Assert.Equal(requests, statuses.Values.Sum());
        Assert.True(statuses.GetValueOrDefault(503) <= requests / 100, $"FUZZ_SEED={Seed}: {string.Join(", ", statuses)}");
        Assert.All([200, 201, 400, 404], status => Assert.True(statuses.ContainsKey(status), $"FUZZ_SEED={Seed}: no {status} among {string.Join(", ", statuses)}"));
        Assert.Equal(before, await LookAsync());
        Assert.Equal(HttpStatusCode.OK, (await shop.Api.GetAsync("/alive")).StatusCode);

        async Task<string> LookAsync() =>
            $"{(await bystander.GetAsync("/api/cart")).Body} {(await bystander.GetAsync("/api/orders")).Body} {(await bystander.GetAsync($"/api/orders/{kept}/history")).Body}";

        // Others change the same few orders and carts all the time here, or more come at once than are let in.
        static bool IsBusy(Answer answer) => answer.Status == HttpStatusCode.ServiceUnavailable && answer.Response.Headers.RetryAfter is not null;
    }

    [Fact]
    public async Task Mutated_events_are_handled_or_parked_with_a_reason_and_stop_no_partition()
    {
        var events = Setting("FUZZ_EVENTS", 200);
        var run = Guid.NewGuid().ToString("N");
        var worker = shop.ProcessOf(ResourceNames.Worker);
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 10_000);
        var orders = new List<Guid>();
        for (var i = 0; i < 12; i++)
        {
            orders.Add((await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        }

        var poisonous = 0;
        foreach (var number in Enumerable.Range(0, events))
        {
            var random = new Random(unchecked(Seed + (number * 7_919)));
            poisonous += await SendAsync(random, orders[random.Next(orders.Count)], number) ? 1 : 0;
        }

        // All of them are somewhere, and the bad ones with the reason.
        await SeeAsync(events);
        Assert.True(poisonous > events / 4);
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<long>(
                "SELECT count(*) FROM parked_messages WHERE headers->>'x-fuzz' LIKE $1 AND headers->>'x-poison' = 'yes' AND next_attempt_at IS NULL AND length(error) > 10", $"{run}-%"),
            seen => seen == poisonous,
            $"{poisonous} messages being parked with a reason; FUZZ_SEED={Seed}");
        Assert.Equal(0, await shop.ScalarAsync<long>("SELECT count(*) FROM inbox_messages i JOIN parked_messages p ON p.headers->>'ce_id' = i.event_id WHERE p.headers->>'x-poison' = 'yes' AND i.event_id LIKE $1", $"{run}-%"));

        // No partition stands still, and nobody crashed on the way.
        foreach (var order in await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id)))
        {
            await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
            await shop.Publisher.FulfilledAsync("picked", order);
            await customer.WaitAsync(order, "PROCESSING");
        }

        Assert.Equal(worker, shop.ProcessOf(ResourceNames.Worker));

        Task<long> SeeAsync(int sent) => Eventually.SeeAsync(
            () => shop.ScalarAsync<long>(
                "SELECT count(DISTINCT n) FROM (SELECT headers->>'x-fuzz' AS n FROM parked_messages WHERE headers->>'x-fuzz' LIKE $1 UNION ALL SELECT event_id FROM inbox_messages WHERE event_id LIKE $1) AS all_of_them",
                $"{run}-%"),
            seen => seen == sent,
            $"all {sent} messages being handled or put aside; FUZZ_SEED={Seed}");

        async Task<bool> SendAsync(Random random, Guid order, int number)
        {
            var id = $"{run}-{number.ToString(CultureInfo.InvariantCulture)}";
            var (topic, type, body) = random.Next(3) switch
            {
                0 => ("cloudforge.payments", "io.cloudforge.payment.succeeded.v1", $$"""{"orderId":"{{order}}","paymentId":"p-{{number}}","amount":10.00,"currency":"EUR"}"""),
                1 => ("cloudforge.payments", "io.cloudforge.payment.failed.v1", $$"""{"orderId":"{{order}}","paymentId":"p-{{number}}","reason":"declined"}"""),
                _ => ("cloudforge.fulfilment", $"io.cloudforge.fulfilment.{Pick(random, "picked", "picked-up", "delivered")}.v1", $$"""{"orderId":"{{order}}"}"""),
            };
            var headers = new Dictionary<string, string?>
            {
                ["ce_specversion"] = "1.0", ["ce_id"] = id, ["ce_type"] = type, ["ce_source"] = "/fuzz", ["content-type"] = "application/json", ["x-fuzz"] = id,
            };
            var (key, bytes, poison) = ((string?)order.ToString(), Encoding.UTF8.GetBytes(body), true);
            switch (random.Next(12))
            {
                case 0:
                    bytes = bytes[..random.Next(bytes.Length)];
                    break;
                case 1:
                    bytes = Encoding.UTF8.GetBytes(Pick(random, "", "null", "[]", "17", "\"x\"", "{}", "{\"orderId\":null}", new string('[', 10_000), "\uFEFF", "\0"));
                    break;
                case 2:
                    headers["ce_type"] = Pick(random, type.Replace(".v1", ".v2", StringComparison.Ordinal), type.ToUpperInvariant(), $"{type} ", "", "io.cloudforge.order.placed.v1", null!);
                    break;
                case 3:
                    headers["ce_id"] = Pick(random, null!, "", new string('x', 5_000), "a\0b");
                    break;
                case 4:
                    key = Pick(random, null!, "", "x", Guid.NewGuid().ToString(), "\0", new string('k', 3_000));
                    break;
                case 5:
                    var wrong = JsonNode.Parse(body)!;
                    wrong["orderId"] = Pick<JsonNode>(random, 17, "no id", new JsonArray(), true, new JsonObject());
                    bytes = Encoding.UTF8.GetBytes(wrong.ToJsonString());
                    break;
                case 6:
                    bytes = new byte[2 * 1024 * 1024];
                    random.NextBytes(bytes);
                    break;
                case 7 when type.Contains("succeeded", StringComparison.Ordinal):
                    var paid = JsonNode.Parse(body)!;
                    paid[Pick(random, "amount", "currency")] = Pick<JsonNode>(random, -1, "1e999", 1e30, 0.001m, "eur", new JsonArray());
                    bytes = Encoding.UTF8.GetBytes(paid.ToJsonString());
                    break;
                case 8:
                    headers["ce_source"] = new string('s', 5_000);
                    break;
                case 9:
                    // Large and odd, but all that the order needs is there.
                    poison = false;
                    bytes = Encoding.UTF8.GetBytes($$"""{{body[..^1]}},"padding":"{{new string('p', 2 * 1024 * 1024)}}"}""");
                    headers["traceparent"] = Pick(random, "x", "00-0-0-00", new string('t', 5_000));
                    break;
                case 10:
                    poison = false;
                    bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
                    break;
                default:
                    poison = false;
                    break;
            }

            headers["x-poison"] = poison ? "yes" : "perhaps";
            await shop.Publisher.SendAsync(topic, key, bytes, headers);
            if (bytes.Length > 1_000_000)
            {
                // The embedded broker keeps 5 MiB of a partition, read or not.
                await SeeAsync(number + 1);
            }

            return poison;
        }
    }

    private static T Pick<T>(Random random, params ReadOnlySpan<T> all) => all[random.Next(all.Length)];

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
