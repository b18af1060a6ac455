using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>More at once than can be done, and clients that take their time: whoever is let in is served, and the others learn it at once.</summary>
[Collection(OneShop.Name)]
public sealed class OverloadTests(ShopFixture shop)
{
    [Fact]
    public async Task What_comes_beyond_the_limit_and_its_queue_is_refused_at_once_and_reads_and_probes_go_on()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("Overload:Changes", "1"), ("Overload:Queue", "1"));
        var customer = new Customer(api.Client, shop.NewCustomer().UserId);
        var product = await shop.NewProductAsync();
        var order = (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id;
        Task<Answer> working, waiting;

        await using (var connection = await shop.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var hold = connection.CreateCommand();
            hold.CommandText = "SELECT FROM orders WHERE id = $1 FOR UPDATE";
            hold.Parameters.Add(new() { Value = order });
            await hold.ExecuteNonQueryAsync();
            working = customer.CancelAsync(order);
            await Eventually.SeeAsync(
                () => shop.ScalarAsync<long>("SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))", connection.ProcessID), waits => waits > 0, "the change waiting for the order");

            // Of two that come now one waits, and the other learns at once that it can't.
            var two = new[] { customer.AddAsync(product, 1), customer.AddAsync(product, 1) };
            var first = await Task.WhenAny(two).WaitAsync(Eventually.Deadline);
            waiting = two.Single(one => one != first);
            var refused = await first;
            refused.IsProblem(HttpStatusCode.ServiceUnavailable, "overloaded");
            Assert.Equal(TimeSpan.FromSeconds(1), refused.Response.Headers.RetryAfter?.Delta);
            (await customer.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK);
            (await customer.GetAsync("/api/cart")).Is(HttpStatusCode.OK);
            Assert.Equal(HttpStatusCode.OK, (await api.Client.GetAsync("/alive")).StatusCode);
            Assert.False(working.IsCompleted || waiting.IsCompleted);
        }

        (await working).Is(HttpStatusCode.OK);
        (await waiting).Is(HttpStatusCode.OK);
        (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
    }

    [Fact]
    public async Task Streams_are_counted_by_themselves()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("Overload:Streams", "1"), ("Overload:Reads", "1"), ("Overload:Queue", "0"));
        var customer = new Customer(api.Client, shop.NewCustomer().UserId);
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;

        using (await customer.FollowAsync(order))
        {
            (await customer.GetAsync($"/api/orders/{order}/events")).IsProblem(HttpStatusCode.ServiceUnavailable, "overloaded");
            (await customer.GetAsync($"/api/orders/{order}")).Is(HttpStatusCode.OK);
        }

        await Eventually.SeeAsync(() => customer.GetAsync($"/api/orders/{order}/events"), answer => answer.Status == HttpStatusCode.OK, "the place being free again");
    }

    [Fact]
    public async Task Who_sends_a_body_slowly_takes_nobodys_place()
    {
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("Overload:Changes", "1"), ("Overload:Queue", "0"));
        var product = await shop.NewProductAsync();
        var body = $$"""{"productId":"{{product}}","quantity":1}""";
        var slow = new List<RawConnection>();
        try
        {
            for (var i = 0; i < 20; i++)
            {
                var connection = await RawConnection.OpenAsync(api.Client.BaseAddress!);
                slow.Add(connection);
                await connection.SendAsync(string.Create(
                    CultureInfo.InvariantCulture,
                    $"POST /api/cart/items HTTP/1.1\r\nHost: shop\r\nX-User-Id: {Guid.NewGuid()}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\nConnection: close\r\n\r\n{body[..10]}"));
            }

            (await new Customer(api.Client, Guid.NewGuid()).AddAsync(product, 1)).Is(HttpStatusCode.OK);
            await slow[0].SendAsync(body[10..]);
            Assert.StartsWith("HTTP/1.1 200 ", await slow[0].ReadToEndAsync(), StringComparison.Ordinal);

            // Who says nothing more is sent away, with a problem that says why.
            var given = await slow[1].ReadToEndAsync();
            Assert.StartsWith("HTTP/1.1 408 ", given, StringComparison.Ordinal);
            Assert.Contains("urn:cloudforge:problem:request-timeout", given, StringComparison.Ordinal);
        }
        finally
        {
            slow.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task Who_never_finishes_the_headers_or_says_nothing_is_sent_away_and_holds_up_nobody()
    {
        var silent = new List<RawConnection>();
        try
        {
            for (var i = 0; i < 200; i++)
            {
                silent.Add(await RawConnection.OpenAsync(shop.Api.BaseAddress!));
            }

            foreach (var slow in silent.Take(100))
            {
                await slow.SendAsync("GET /api/orders HTTP/1.1\r\nHost: shop\r\nX-Slow: ");
            }

            (await shop.NewCustomer().GetAsync("/api/orders")).Is(HttpStatusCode.OK);
            Assert.StartsWith("HTTP/1.1 408 ", await silent[0].ReadToEndAsync(), StringComparison.Ordinal);
        }
        finally
        {
            silent.ForEach(connection => connection.Dispose());
        }
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed_at_once_and_there_is_room_when_others_end()
    {
        const int Bound = 5;
        using var api = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ("Overload:Connections", $"{Bound}"));
        var silent = new List<RawConnection>();
        try
        {
            for (var i = 0; i <= Bound; i++)
            {
                silent.Add(await RawConnection.OpenAsync(api.Client.BaseAddress!));
            }

            // Which of them came last is for the server to say.
            Assert.Equal("", await await Task.WhenAny(silent.Select(connection => connection.ReadToEndAsync())));
        }
        finally
        {
            silent.ForEach(connection => connection.Dispose());
        }

        await Eventually.SeeAsync(
            async () =>
            {
                try
                {
                    return await RawConnection.TalkAsync(api.Client.BaseAddress!, "GET /alive HTTP/1.1\r\nHost: shop\r\nConnection: close\r\n\r\n");
                }
                catch (SocketException closed)
                {
                    return closed.Message;
                }
            },
            answer => answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal),
            "room for a connection");
    }

    [Fact]
    public async Task A_request_that_its_client_gave_up_is_done_whole_or_not_at_all()
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync(stock: 10_000);
        var random = new Random(5);
        await Parallel.ForEachAsync(Enumerable.Range(0, 60), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (number, _) =>
        {
            TimeSpan patience;
            lock (random)
            {
                patience = TimeSpan.FromMilliseconds(random.NextDouble() * 40);
            }

            using var giveUp = new CancellationTokenSource(patience);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/orders")
            {
                Content = new StringContent($$"""{"items":[{"productId":"{{product}}","quantity":2}],"shippingAddress":"here"}""", Encoding.UTF8, "application/json"),
            };
            request.Headers.Add("X-User-Id", customer.UserId.ToString());
            try
            {
                using var response = await shop.Api.SendAsync(request, giveUp.Token);
            }
            catch (OperationCanceledException)
            {
                // That is what this is about.
            }
        });

        // Each order has its line, its step, its event and its stock; and nothing else holds stock.
        await Eventually.SeeAsync(
            async () =>
            {
                var orders = await shop.ScalarAsync<long>("SELECT count(*) FROM orders WHERE user_id = $1", customer.UserId);
                var whole = await shop.ScalarAsync<long>(
                    """
                    SELECT count(*) FROM orders o
                    JOIN order_items i ON i.order_id = o.id AND i.quantity = 2
                    JOIN order_history h ON h.order_id = o.id AND h.sequence = 1
                    WHERE o.user_id = $1 AND o.total_amount = 20
                    """,
                    customer.UserId);
                return (orders, whole, reserved: (await shop.ProductAsync(product)).GetProperty("reserved").GetInt32());
            },
            seen => seen.orders == seen.whole && seen.reserved == 2 * seen.orders,
            "every order being whole, and only they having stock");
    }

    [Theory]
    [InlineData("Overload:Reads", "0")]
    [InlineData("Overload:Changes", "many")]
    [InlineData("Overload:Queue", "-1")]
    [InlineData("Overload:Streams", "0")]
    [InlineData("Overload:Connections", "0")]
    public async Task A_limit_that_is_none_ends_the_start(string setting, string value)
    {
        var (exitCode, output) = await ApiProcess.RunAsync(shop, ApiProcess.Gateway, (setting, value));

        Assert.Equal(1, exitCode);
        Assert.Contains(setting, output, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }
}
