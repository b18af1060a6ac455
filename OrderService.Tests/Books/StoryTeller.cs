using System.Net;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Books;

/// <summary>Has a story happen in the shop and notes it in the ledger.</summary>
internal sealed class StoryTeller(ShopFixture shop, Ledger ledger, ReadingProgress progress) : IDisposable
{
    private static readonly Deed[] Fulfilment = [Deed.Pick, Deed.PickUp, Deed.Deliver];

    public async Task TellAsync(Story story)
    {
        foreach (var scene in story.Scenes)
        {
            if (scene.Steps.Any(step => step.Deed == Deed.Reprice))
            {
                await WaitUntilQuietAsync(butEarlyEvents: true);
            }

            // What is in the ledger when the scene begins is what its steps are about; what they did is noted when all have ended.
            foreach (var note in await Task.WhenAll(scene.Steps.Select(TakeAsync)))
            {
                note();
            }
        }

        await EndAsync(story.Ending);
    }

    public void Dispose() => progress.Dispose();

    private Task<Action> TakeAsync(Step step) => step.Deed switch
    {
        Deed.Order => OrderAsync(step, [ledger.Shelves[step.Which]]),
        Deed.OrderAll => OrderAsync(step, ledger.Shelves),
        Deed.Add => AddAsync(step),
        Deed.Set => SetAsync(step),
        Deed.Checkout => CheckOutAsync(step),
        Deed.Reprice => RepriceAsync(step),
        Deed.Resend => ledger.Events.Count == 0 ? Nothing() : PublishAsync(step, ledger.Events[step.Which % ledger.Events.Count]),
        _ when ledger.Orders.Count == 0 => Nothing(),
        Deed.Cancel => CancelAsync(step, OrderOf(step)),
        Deed.CancelItems => CancelItemsAsync(step, OrderOf(step)),
        _ => PublishAsync(step, OrderOf(step)),
    };

    private static Task<Action> Nothing() => Task.FromResult(() => { });

    private PlacedOrder OrderOf(Step step) => ledger.Orders[step.Which % ledger.Orders.Count];

    private async Task<Action> OrderAsync(Step step, IEnumerable<Shelf> shelves)
    {
        var customer = ledger.Customers[step.Who];
        var body = new
        {
            items = shelves.Select(shelf => new { productId = shelf.Id, quantity = step.Pieces }),
            shippingAddress = Customer.Address,
        };
        var answers = await SendAsync(step, key => customer.SendAsync(HttpMethod.Post, "/api/orders", body, key));
        return () => NotePlaced(step, customer, answers, ["insufficient-stock"]);
    }

    private async Task<Action> CheckOutAsync(Step step)
    {
        var customer = ledger.Customers[step.Who];
        var answers = await SendAsync(step, customer.CheckoutAsync);
        return () =>
        {
            foreach (var order in NotePlaced(step, customer, answers, ["insufficient-stock", "cart-empty", "price-changed", "cart-busy"]))
            {
                foreach (var (product, pieces) in order.Placed)
                {
                    ledger.Count(customer, product, -pieces);
                }
            }
        };
    }

    private List<PlacedOrder> NotePlaced(Step step, Customer customer, Answer[] answers, string[] refusals)
    {
        var orders = ledger.Note(customer, answers, out var isNew);
        Note(step, answers, HttpStatusCode.Created, refusals, isNew.Count > 0 ? $" ({string.Join(", ", isNew)})" : "");
        if (HasKey(step) && orders.Distinct().Count() > 1)
        {
            ledger.Findings.Add($"{step} became {orders.Distinct().Count()} orders: {string.Join(", ", orders)}");
        }

        return isNew;
    }

    private async Task<Action> AddAsync(Step step)
    {
        var (customer, product) = (ledger.Customers[step.Who], ledger.Shelves[step.Which].Id);
        var answers = await SendAsync(step, key => customer.AddAsync(product, step.Pieces, key));
        return () =>
        {
            Note(step, answers, HttpStatusCode.OK, []);
            ledger.Count(customer, product, step.Pieces * Effects(step, answers));
        };
    }

    private async Task<Action> SetAsync(Step step)
    {
        var (customer, product) = (ledger.Customers[step.Who], ledger.Shelves[step.Which].Id);
        var held = ledger.Carts.GetValueOrDefault((customer, product));
        var answer = await customer.SendAsync(HttpMethod.Put, $"/api/cart/items/{product}", new { quantity = step.Pieces });
        return () =>
        {
            Note(step, [answer], held > 0 ? HttpStatusCode.OK : HttpStatusCode.NotFound, []);
            ledger.Carts[(customer, product)] = held > 0 ? step.Pieces : 0;
        };
    }

    private async Task<Action> RepriceAsync(Step step)
    {
        var shelf = ledger.Shelves[step.Which];
        var price = shelf.Prices[0] + step.Pieces;
        await shop.PutProductAsync(shelf.Id, price, (await shop.ProductAsync(shelf.Id)).GetProperty("stock").GetInt32());
        return () =>
        {
            shelf.Prices.Add(price);
            ledger.Diary.Add($"{step}: {price}");
        };
    }

    private async Task<Action> CancelAsync(Step step, PlacedOrder order)
    {
        var answers = await SendAsync(step, _ => order.Customer.CancelAsync(order.Id));
        return () =>
        {
            Note(step, answers, HttpStatusCode.OK, ["order-not-cancellable"], $" ({order})");
            order.SaidCancelled |= answers.Any(SaysCancelled);
        };
    }

    private async Task<Action> CancelItemsAsync(Step step, PlacedOrder order)
    {
        var lines = ledger.Shelves.Where(shelf => order.Placed.ContainsKey(shelf.Id)).ToList();
        var product = lines[step.Who % lines.Count].Id;
        var answers = await SendAsync(step, key => order.Customer.CancelItemsAsync(order.Id, [(product, step.Pieces)], key));
        return () =>
        {
            Note(step, answers, HttpStatusCode.OK, ["order-not-cancellable", "lines-not-cancellable"], $" ({order})");
            order.SaidCancelled |= answers.Any(SaysCancelled);
            order.Cancelled[product] = order.Cancelled.GetValueOrDefault(product) + (step.Pieces * Effects(step, answers));
        };
    }

    /// <summary>A payment is of what the order costs at this moment, or a cent less or more.</summary>
    private async Task<Action> PublishAsync(Step step, PlacedOrder order)
    {
        var shown = (await order.Customer.GetAsync($"/api/orders/{order.Id}")).Is(HttpStatusCode.OK);
        var amount = shown.Body.GetProperty("totalAmount").GetDecimal()
            + step.Deed switch { Deed.PayTooMuch => 0.01m, Deed.PayTooLittle => -0.01m, _ => 0 };
        var sent = new SentEvent(order, step.Deed, amount, Guid.CreateVersion7().ToString());
        var diary = await PublishAsync(step, sent);
        return () =>
        {
            diary();
            ledger.Events.Add(sent);
        };
    }

    private async Task<Action> PublishAsync(Step step, SentEvent sent)
    {
        await Task.WhenAll(Enumerable.Range(0, step.Times == Times.Once ? 1 : 2).Select(_ => sent.Deed switch
        {
            Deed.FailToPay => shop.Publisher.PaymentFailedAsync(sent.Order.Id, sent.Id),
            Deed.Pick => shop.Publisher.FulfilledAsync("picked", sent.Order.Id, sent.Id),
            Deed.PickUp => shop.Publisher.FulfilledAsync("picked-up", sent.Order.Id, sent.Id),
            Deed.Deliver => shop.Publisher.FulfilledAsync("delivered", sent.Order.Id, sent.Id),
            _ => shop.Publisher.PaymentSucceededAsync(sent.Order.Id, sent.Amount, sent.Id),
        }));
        return () => ledger.Diary.Add($"{step}: {sent}");
    }

    private static async Task<Answer[]> SendAsync(Step step, Func<(string, string)[], Task<Answer>> send)
    {
        (string, string)[] key = HasKey(step) ? [("Idempotency-Key", Guid.NewGuid().ToString())] : [];
        return step.Times switch
        {
            Times.TwiceAtOnce or Times.TwiceAtOnceWithKey => await Task.WhenAll(send(key), send(key)),
            Times.AgainWithKey => [await send(key), await send(key)],
            _ => [await send(key)],
        };
    }

    private static bool HasKey(Step step) => step.Times is Times.OnceWithKey or Times.TwiceAtOnceWithKey or Times.AgainWithKey;

    /// <summary>How often an accepted request takes effect.</summary>
    private static int Effects(Step step, Answer[] answers)
    {
        var accepted = answers.Count(answer => answer.Status == HttpStatusCode.OK);
        return HasKey(step) ? Math.Min(accepted, 1) : accepted;
    }

    private static bool SaysCancelled(Answer answer) => answer.Status == HttpStatusCode.OK && answer.OrderStatus == "CANCELLED";

    /// <summary>Writes the step down, and what was answered that may not be.</summary>
    private void Note(Step step, Answer[] answers, HttpStatusCode success, string[] refusals, string about = "")
    {
        var told = answers.Select(answer => $"{(int)answer.Status} {ProblemOf(answer)}".TrimEnd());
        ledger.Diary.Add($"{step}{about}: {string.Join(", ", told)}");
        ledger.Findings.AddRange(answers
            .Where(answer => answer.Status != success && !(answer.Status == HttpStatusCode.Conflict && IsExpected(answer)))
            .Select(answer => $"{step} was answered with {answer}"));
        if (step.Times == Times.AgainWithKey && answers[0].Status == success && answers[0].Body.ToString() != answers[1].Body.ToString())
        {
            ledger.Findings.Add($"{step} was answered with {answers[0]} and then with {answers[1]}");
        }

        bool IsExpected(Answer answer) =>
            refusals.Contains(ProblemOf(answer)) || (step.Times == Times.TwiceAtOnceWithKey && ProblemOf(answer) == "request-in-progress");

        static string ProblemOf(Answer answer) => answer.ProblemType?.Split(':')[^1] ?? "";
    }

    /// <summary>Orders whose events wait are cancelled, or get what is missing, so that in the end nothing waits.</summary>
    private async Task EndAsync(Ending ending)
    {
        await WaitUntilQuietAsync(butEarlyEvents: true);
        foreach (var order in ledger.Orders)
        {
            var waiting = await shop.ScalarAsync<long>(
                "SELECT count(*) FROM parked_messages WHERE key = $1 AND next_attempt_at IS NOT NULL", order.Id.ToString());
            if (waiting > 0)
            {
                await EndAsync(order, ending);
            }
        }

        await WaitUntilQuietAsync(butEarlyEvents: false);
    }

    private async Task EndAsync(PlacedOrder order, Ending ending)
    {
        if (ending == Ending.Cancelled)
        {
            (await CancelAsync(Once(Deed.Cancel), order))();
            if (order.SaidCancelled)
            {
                return;
            }
        }

        if ((await order.Customer.GetAsync($"/api/orders/{order.Id}")).OrderStatus == "PENDING")
        {
            (await PublishAsync(Once(Deed.Pay), order))();
        }

        var sent = ledger.Events.Where(e => e.Order == order).Select(e => e.Deed).ToHashSet();
        foreach (var missing in Fulfilment.TakeWhile(step => Fulfilment.SkipWhile(later => later != step).Any(sent.Contains)).Except(sent))
        {
            (await PublishAsync(Once(missing), order))();
        }

        Step Once(Deed deed) => new(deed, 0, order.Number, 0, Times.Once);
    }

    /// <summary>
    /// Waits until all events are read and the outbox owes nothing, and nothing waits for another try; but for steps of the fulfilment
    /// whose order may not be that far yet.
    /// </summary>
    private async Task WaitUntilQuietAsync(bool butEarlyEvents)
    {
        await progress.WaitAsync();
        var ids = ledger.Orders.Select(order => order.Id).ToArray();
        await Eventually.SeeAsync(
            () => shop.ScalarAsync<string>(
                """
                SELECT concat_ws(', ',
                    (SELECT string_agg(type || ' of ' || order_id, ', ') FROM outbox_messages WHERE order_id = ANY ($1)),
                    (SELECT string_agg(topic || ' of ' || key, ', ') FROM parked_messages
                     WHERE key = ANY ($1::text[]) AND next_attempt_at IS NOT NULL AND NOT ($2 AND topic = 'cloudforge.fulfilment')))
                """,
                ids,
                butEarlyEvents),
            owed => owed is "",
            "nothing being owed or waiting any more");
    }
}
