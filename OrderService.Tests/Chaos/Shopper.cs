using System.Diagnostics;
using System.Net;
using Confluent.Kafka;
using OrderService.Tests.Books;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Chaos;

/// <summary>
/// A customer who shops at a steady pace, one request after another. What gets no answer, or is told to come again, is sent again, with
/// the same key. Payments and fulfilments of the orders are published beside it, likewise until Kafka has them.
/// </summary>
internal sealed class Shopper(ShopFixture shop, Ledger ledger, Customer customer, Random dice, Figures figures)
{
    /// <summary>Between two visits that are not late. The many of a long run leave the machine room for what is started again.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(ChaosOptions.IsLong ? 2_000 : 100);

    /// <summary>Before what failed is sent again.</summary>
    private static readonly TimeSpan Breath = TimeSpan.FromMilliseconds(200);

    /// <summary>How often something is sent again at most. No fault lasts that long.</summary>
    private const int Insistence = 600;

    private static readonly Deed[] Steps = [Deed.Pick, Deed.PickUp, Deed.Deliver];

    /// <summary>Shops until it is enough; the visit that has begun is ended.</summary>
    public async Task ShopAsync(CancellationToken enough)
    {
        using var pace = new PeriodicTimer(Pace);
        while (!enough.IsCancellationRequested)
        {
            await VisitAsync();
            await pace.WaitForNextTickAsync(CancellationToken.None);
        }
    }

    /// <summary>Does everything once.</summary>
    public async Task ShopOnceAsync()
    {
        if (await CheckOutAsync() is { } checkedOut)
        {
            await CancelItemsAsync(checkedOut.Order);
        }

        if (await OrderAsync() is { } ordered)
        {
            await CancelAsync(ordered.Order);
            await ReadAsync(ordered.Order);
        }
    }

    private async Task VisitAsync()
    {
        var placed = Chance(60) ? await OrderAsync() : await CheckOutAsync();
        if (placed is not { } order)
        {
            return;
        }

        var total = order.Total;
        if (Chance(20))
        {
            total = await CancelItemsAsync(order.Order) ?? total;
        }

        if (Chance(50))
        {
            await LiveAsync(order.Order, total);
        }

        if (Chance(20))
        {
            await CancelAsync(order.Order);
        }

        if (Chance(30))
        {
            await ReadAsync(order.Order);
        }
    }

    public async Task<(PlacedOrder Order, decimal Total)?> OrderAsync()
    {
        var lines = ledger.Shelves.OrderBy(_ => dice.Next()).Take(dice.Next(1, 4)).ToList();
        var body = new
        {
            items = lines.Select(shelf => new { productId = shelf.Id, quantity = dice.Next(1, 4) }).ToList(),
            shippingAddress = Customer.Address,
        };
        var key = NewKey();
        return Note("An order", key, await InsistAsync("An order", () => customer.SendAsync(HttpMethod.Post, "/api/orders", body, key)));
    }

    public async Task<(PlacedOrder Order, decimal Total)?> CheckOutAsync()
    {
        for (var i = dice.Next(1, 3); i > 0; i--)
        {
            // Not of what is scarce: a cart that can't be ordered would only grow.
            var (shelf, pieces, itsKey) = (ledger.Shelves[dice.Next(2)], dice.Next(1, 4), NewKey());
            var added = await InsistAsync("An add", () => customer.AddAsync(shelf.Id, pieces, itsKey));
            if (Expect("An add", added, HttpStatusCode.OK))
            {
                lock (ledger)
                {
                    ledger.Count(customer, shelf.Id, pieces);
                }
            }
        }

        var key = NewKey();
        var placed = Note("A checkout", key, await InsistAsync("A checkout", () => customer.CheckoutAsync(key)));
        if (placed is { } order)
        {
            await ExpectCancelledAsync(order.Order);
            lock (ledger)
            {
                foreach (var (product, pieces) in order.Order.Placed)
                {
                    ledger.Count(customer, product, -pieces);
                }
            }
        }

        return placed;
    }

    /// <summary>
    /// Pieces that the cart should not have held any more are those that Redis was not told of before they were cancelled: nobody holds
    /// them, the cart shows them, so its next checkout orders them anew (docs/decisions/0004). Any others make the cart's books negative.
    /// </summary>
    private async Task ExpectCancelledAsync(PlacedOrder order)
    {
        Dictionary<string, int> surplus;
        List<PlacedOrder> others;
        lock (ledger)
        {
            surplus = order.Placed.Select(line => (line.Key, Value: line.Value - ledger.Carts.GetValueOrDefault((customer, line.Key))))
                .Where(line => line.Value > 0).ToDictionary(line => line.Key, line => line.Value);
            if (surplus.Count == 0)
            {
                return;
            }

            others = ledger.Orders.Where(other => other.Customer == customer && other != order).Reverse().ToList();
        }

        foreach (var other in others)
        {
            var shown = await InsistAsync("An order", () => customer.GetAsync($"/api/orders/{other.Id}"));
            var held = shown.OrderStatus == "CANCELLED" ? [] : PlacedOrder.LinesOf(shown.Body);
            if (surplus.All(line => line.Value <= other.Placed.GetValueOrDefault(line.Key) - held.GetValueOrDefault(line.Key)))
            {
                lock (ledger)
                {
                    surplus.ToList().ForEach(line => ledger.Count(customer, line.Key, line.Value));
                }

                figures.LeftInCarts(1);
                return;
            }
        }
    }

    private (PlacedOrder Order, decimal Total)? Note(string what, (string, string) key, Answer answer)
    {
        if (answer.Status == HttpStatusCode.Conflict && answer.ProblemType == "urn:cloudforge:problem:insufficient-stock")
        {
            return null;
        }

        if (!Expect(what, answer, HttpStatusCode.Created))
        {
            return null;
        }

        lock (ledger)
        {
            var order = ledger.Note(customer, [answer], out var isNew)[0];
            if (isNew.Count == 0)
            {
                ledger.Findings.Add($"{what} was answered with {order} of an earlier one.");
            }

            ledger.Keys[(customer.UserId, key.Item2)] = order;
            figures.Placed();
            return (order, answer.Body.GetProperty("totalAmount").GetDecimal());
        }
    }

    public async Task<decimal?> CancelItemsAsync(PlacedOrder order)
    {
        var (product, pieces, key) = (order.Placed.Keys.ElementAt(dice.Next(order.Placed.Count)), dice.Next(1, 4), NewKey());
        var answer = await InsistAsync("A cancellation of pieces", () => customer.CancelItemsAsync(order.Id, [(product, pieces)], key));
        if (IsRefused(answer, "lines-not-cancellable", "order-not-cancellable") || !Expect("A cancellation of pieces", answer, HttpStatusCode.OK))
        {
            return null;
        }

        lock (ledger)
        {
            order.Cancelled[product] = order.Cancelled.GetValueOrDefault(product) + pieces;
            order.SaidCancelled |= answer.OrderStatus == "CANCELLED";
            ledger.Keys[(customer.UserId, key.Item2)] = order;
        }

        return answer.Body.GetProperty("totalAmount").GetDecimal();
    }

    public async Task CancelAsync(PlacedOrder order)
    {
        var answer = await InsistAsync("A cancellation", () => customer.CancelAsync(order.Id));
        if (!IsRefused(answer, "order-not-cancellable") && Expect("A cancellation", answer, HttpStatusCode.OK))
        {
            lock (ledger)
            {
                order.SaidCancelled = true;
            }
        }
    }

    public async Task ReadAsync(PlacedOrder order)
    {
        Expect("An order", await InsistAsync("An order", () => customer.GetAsync($"/api/orders/{order.Id}")), HttpStatusCode.OK);
        Expect("A list", await InsistAsync("A list", () => customer.GetAsync("/api/orders?size=20")), HttpStatusCode.OK);
        Expect("A cart", await InsistAsync("A cart", () => customer.GetAsync("/api/cart")), HttpStatusCode.OK);
    }

    /// <summary>It is paid, or not, and goes some steps, some of them told twice; the warehouse may be faster than the bank.</summary>
    private async Task LiveAsync(PlacedOrder order, decimal total)
    {
        if (Chance(10))
        {
            await PublishAsync(new SentEvent(order, Deed.FailToPay, 0, NewId()));
            return;
        }

        await PublishAsync(new SentEvent(order, Deed.Pay, total, NewId()));
        foreach (var step in Steps.Take(dice.Next(0, 4)))
        {
            await PublishAsync(new SentEvent(order, step, 0, NewId()));
        }
    }

    public async Task PublishAsync(SentEvent sent)
    {
        lock (ledger)
        {
            ledger.Events.Add(sent);
        }

        for (var times = Chance(10) ? 2 : 1; times > 0; times--)
        {
            await TellKafkaAsync(sent);
            figures.Published();
        }
    }

    private async Task TellKafkaAsync(SentEvent sent)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await (sent.Deed switch
                {
                    Deed.FailToPay => shop.Publisher.PaymentFailedAsync(sent.Order.Id, sent.Id),
                    Deed.Pick => shop.Publisher.FulfilledAsync("picked", sent.Order.Id, sent.Id),
                    Deed.PickUp => shop.Publisher.FulfilledAsync("picked-up", sent.Order.Id, sent.Id),
                    Deed.Deliver => shop.Publisher.FulfilledAsync("delivered", sent.Order.Id, sent.Id),
                    _ => shop.Publisher.PaymentSucceededAsync(sent.Order.Id, sent.Amount, sent.Id),
                });
                return;
            }
            catch (KafkaException) when (attempt < Insistence)
            {
                await Task.Delay(Breath, TimeProvider.System);
            }
        }
    }

    /// <summary>The first answer that is one.</summary>
    private async Task<Answer> InsistAsync(string what, Func<Task<Answer>> send)
    {
        for (var attempt = 1; ; attempt++)
        {
            var sent = Stopwatch.GetTimestamp();
            try
            {
                var answer = await send();
                figures.Answered(what, StatusOf(answer), Stopwatch.GetElapsedTime(sent));
                if (answer.Status == HttpStatusCode.InternalServerError)
                {
                    Find($"{what} was answered with {answer}");
                }
                else if (answer.Status != HttpStatusCode.ServiceUnavailable && !IsRefused(answer, "request-in-progress", "cart-busy"))
                {
                    return answer;
                }
                else if (attempt >= Insistence)
                {
                    throw new InvalidOperationException($"{what} of {customer.UserId} got no other answer than {answer}.");
                }
            }
            catch (TaskCanceledException e)
            {
                Find($"{what} of {customer.UserId} got no answer at all in {Stopwatch.GetElapsedTime(sent).TotalSeconds:F0} s: {e.Message}");
            }
            catch (Exception e) when (e is HttpRequestException or IOException && attempt < Insistence)
            {
                figures.Unanswered();
            }

            await Task.Delay(Breath, TimeProvider.System);
        }
    }

    private bool Expect(string what, Answer answer, HttpStatusCode status)
    {
        if (answer.Status != status)
        {
            Find($"{what} of {customer.UserId} was answered with {answer}");
        }

        return answer.Status == status;
    }

    private void Find(string finding)
    {
        lock (ledger)
        {
            ledger.Findings.Add(finding);
        }
    }

    private static string StatusOf(Answer answer) => answer.ProblemType is { } problem
        ? $"{(int)answer.Status} {problem.Split(':')[^1]}{(answer.Body.TryGetProperty("dependency", out var away) ? $" of {away}" : "")}"
        : $"{(int)answer.Status}";

    private static bool IsRefused(Answer answer, params string[] problems) =>
        answer.Status == HttpStatusCode.Conflict && problems.Contains(answer.ProblemType?.Split(':')[^1]);

    private bool Chance(int percent) => dice.Next(100) < percent;

    private static (string, string) NewKey() => ("Idempotency-Key", NewId());

    private static string NewId() => Guid.NewGuid().ToString();
}
