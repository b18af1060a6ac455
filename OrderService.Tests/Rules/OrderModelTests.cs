using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using OrderService.Core.Orders;

namespace OrderService.Tests.Rules;

/// <summary>
/// Orders under random sequences of calls and events, against a model that is written down differently: a table of moves, whole cents,
/// and plain sums.
/// </summary>
public sealed class OrderModelTests
{
    [Property(Arbitrary = [typeof(Stories)], MaxTest = 2_000)]
    public void Whatever_happens_an_order_keeps_its_rules(Basket basket, Step[] steps)
    {
        var story = new Story(basket);
        story.Check();
        foreach (var step in steps)
        {
            story.Take(step);
            story.Check();
        }
    }

    [Property(Arbitrary = [typeof(Stories)], MaxTest = 500)]
    public void A_line_costs_its_pieces_to_the_cent_and_loses_what_is_taken_off(Cents price, Pieces pieces, Pieces taken)
    {
        var kept = pieces.Number - (taken.Number % pieces.Number);

        Assert.Equal(price.Amount * pieces.Number, Money.LineTotal(price.Amount, pieces.Number));
        Assert.Equal(price.Amount * (pieces.Number - kept), Money.LineTotal(price.Amount, pieces.Number) - Money.LineTotal(price.Amount, kept));
        Assert.True(Money.IsAmount(Money.LineTotal(price.Amount, pieces.Number), "EUR"));
    }

    [Property(Arbitrary = [typeof(Stories)], MaxTest = 500)]
    public void A_line_of_a_price_below_the_cent_is_rounded_once_to_the_nearest_cent(Cents price, Pieces pieces)
    {
        var finer = price.Amount / 1_000;
        var total = Money.LineTotal(finer, pieces.Number);

        Assert.True(Money.IsAmount(total, "EUR"));
        Assert.InRange(total - (finer * pieces.Number), -0.005m, 0.005m);
        Assert.True(Money.LineTotal(finer, pieces.Number + 1) >= total);
    }

    /// <summary>What is ordered: pieces of the products A, B and C.</summary>
    public sealed record Basket(int A, int B, int C);

    /// <summary>What happens to the order. Numbers are pieces for a cancellation, and for a payment cents above the total.</summary>
    public sealed record Step(Happening What, int A, int B, int C);

    /// <summary>A price.</summary>
    public sealed record Cents(int Number)
    {
        public decimal Amount => Number / 100m;
    }

    /// <summary>A quantity.</summary>
    public sealed record Pieces(int Number);

    /// <summary>Kinds of steps.</summary>
    public enum Happening
    {
        CancelItems,
        Pay,
        Cancel,
        TimeOut,
        PayWhatItCostAtFirst,
        PayInAnotherCurrency,
        FailToPay,
        Pick,
        PickUp,
        Deliver,
    }

    /// <summary>How to make up such data, and how to make it smaller.</summary>
    public static class Stories
    {
        public static Arbitrary<Basket> Baskets() => Arb.From(
            from numbers in Gen.Choose(0, 3).Three()
            where numbers.Item1 + numbers.Item2 + numbers.Item3 > 0
            select new Basket(numbers.Item1, numbers.Item2, numbers.Item3));

        public static Arbitrary<Step> Steps() => Arb.From(
            from what in Gen.Frequency(
                (6, Gen.Constant(Happening.CancelItems)), (4, Gen.Constant(Happening.Pay)), (6, Gen.Elements(Enum.GetValues<Happening>())))
            from numbers in Gen.Frequency((4, Gen.Choose(0, 1)), (1, Gen.Choose(-1, 4))).Three()
            select new Step(what, numbers.Item1, numbers.Item2, numbers.Item3),
            Smaller);

        public static Arbitrary<Cents> Prices() => Arb.From(from number in Gen.Choose(0, 99_999_999) select new Cents(number));

        public static Arbitrary<Pieces> Quantities() => Arb.From(from number in Gen.Choose(1, OrderLimits.MaxQuantity) select new Pieces(number));

        private static IEnumerable<Step> Smaller(Step step) => new[] { step with { A = 0 }, step with { B = 0 }, step with { C = 0 } }
            .Where(smaller => smaller != step);
    }

    /// <summary>An order, what it told so far, and what the model says of it.</summary>
    private sealed class Story
    {
        private const string Pending = "PENDING", Confirmed = "CONFIRMED", Processing = "PROCESSING", Shipped = "SHIPPED",
            Delivered = "DELIVERED", Cancelled = "CANCELLED";

        private static readonly string[] Products = ["A", "B", "C"];
        private static readonly int[] PriceInCents = [1_999, 5, 12_345];
        private static readonly Dictionary<(string, Happening), string> Moves = new()
        {
            [(Pending, Happening.TimeOut)] = Cancelled,
            [(Pending, Happening.FailToPay)] = Cancelled,
            [(Confirmed, Happening.Pick)] = Processing,
            [(Processing, Happening.PickUp)] = Shipped,
            [(Shipped, Happening.Deliver)] = Delivered,
        };

        private readonly Order _order;
        private readonly List<PendingEvent> _events = [];
        private readonly List<OrderHistoryEntry> _history = [];
        private readonly List<ReservationCommand> _commands = [];

        private readonly int _costAtFirst;
        private readonly int[] _left;
        private string _status = Pending;
        private int _version = 1;
        private int _paid;
        private bool _isPaid;
        private int _refunded;
        private int _refunds;

        public Story(Basket basket)
        {
            _left = [basket.A, basket.B, basket.C];
            _costAtFirst = Cost;
            _order = Some.NewOrder([.. Products
                .Select((product, i) => new OrderLine(product, $"Product {product}", _left[i], PriceInCents[i] / 100m))
                .Where(line => line.Quantity > 0)]);
            Collect();
        }

        private int Cost => _left.Zip(PriceInCents, (pieces, price) => pieces * price).Sum();

        public void Take(Step step)
        {
            var before = (_order.Status, _order.TotalAmount, _order.Version, _order.LastSequence, _order.PaidAt, _order.PaidAmount, _order.RefundAmount);
            var expected = Expect(step);
            Assert.Equal((step, expected), (step, Do(step)));
            Collect();
            if (expected == Outcome.Changed)
            {
                _version++;
                Refund();
            }
            else
            {
                Assert.Equal(
                    before,
                    (_order.Status, _order.TotalAmount, _order.Version, _order.LastSequence, _order.PaidAt, _order.PaidAmount, _order.RefundAmount));
            }
        }

        public void Check()
        {
            // The order is what the model says.
            Assert.Equal(_status, Upper(_order.Status));
            Assert.Equal(_version, _order.Version);
            Assert.Equal(Cost / 100m, _order.TotalAmount);
            Assert.Equal(_order.TotalAmount, _order.Items.Sum(item => item.TotalPrice));
            Assert.Equal(
                Products.Zip(_left).Where(line => line.Second > 0), _order.Items.OrderBy(item => item.Line).Select(item => (item.ProductId, item.Quantity)));

            // What it told has no holes, and whoever only listens knows the same.
            Assert.Equal(Enumerable.Range(1, _order.LastSequence), _events.Select(told => told.Sequence));
            Assert.Equal(_order.Status, _events.Select(told => StatusTold(told.Event)).Last(status => status is not null));
            Assert.Equal(_order.TotalAmount, _events.Select(told => TotalTold(told.Event)).Last(total => total is not null));
            Assert.Equal(
                _costAtFirst / 100m - _order.TotalAmount,
                _events.Select(told => told.Event).OfType<OrderItemsCancelled>().SelectMany(told => told.Items).Sum(item => item.Amount));

            // The history is a chain, and each step was told.
            Assert.Equal(_history.Select(step => step.From).Skip(1), _history.Select(step => (OrderStatus?)step.To).SkipLast(1));
            Assert.Null(_history[0].From);
            Assert.Equal(_order.Status, _history[^1].To);
            Assert.Subset(_events.Select(told => told.Sequence).ToHashSet(), _history.Select(step => step.Sequence).ToHashSet());
            Assert.Equal(_history.Count, _history.Select(step => step.Sequence).Distinct().Count());

            // Money: never more back than was paid, and exactly what is too much.
            var refunds = _events.Select(told => told.Event).OfType<OrderRefundRequired>().Select(refund => refund.Amount).ToList();
            Assert.Equal((_refunds, _refunded / 100m), (refunds.Count, refunds.Sum()));
            Assert.Equal((_refunded / 100m, _isPaid), (_order.RefundAmount, _order.PaidAt is not null));
            Assert.All(refunds, amount => Assert.True(amount > 0));
            if (_isPaid)
            {
                Assert.Equal(_paid / 100m, _order.PaidAmount);
                Assert.Equal(_status == Cancelled ? 0 : _order.TotalAmount, _order.PaidAmount!.Value - refunds.Sum());
            }

            CheckStock();
        }

        /// <summary>What a Product service has after these commands is what the order has.</summary>
        private void CheckStock()
        {
            var held = _events.Select(told => told.Event).OfType<OrderPlaced>().Single().Items.ToDictionary(item => item.ProductId, item => item.Quantity);
            var (sold, released) = (false, false);
            foreach (var command in _commands)
            {
                Assert.False(released, "Nothing follows a release.");
                switch (command)
                {
                    case CommitReservation:
                        Assert.False(sold, "What is sold is not sold again.");
                        sold = true;
                        break;
                    case ReduceReservation reduce:
                        foreach (var line in reduce.Items)
                        {
                            Assert.InRange(line.Quantity, 0, held[line.ProductId] - 1);
                            held[line.ProductId] = line.Quantity;
                        }

                        break;
                    case ReleaseReservation:
                        released = true;
                        break;
                }
            }

            Assert.Equal(_status == Cancelled, released);
            Assert.Equal(_isPaid, sold || (released && _isPaid));
            Assert.Equal(
                Products.Zip(_left).Where(line => line.Second > 0), held.Where(line => line.Value > 0).OrderBy(line => line.Key).Select(line => (line.Key, line.Value)));
        }

        /// <summary>The model: moves on and says how it ends.</summary>
        private Outcome Expect(Step step)
        {
            int[] pieces = [Math.Max(0, step.A), Math.Max(0, step.B), Math.Max(0, step.C)];
            switch (step.What)
            {
                case Happening.Cancel:
                    return _status == Cancelled ? Outcome.Nothing : _status is Pending or Confirmed ? To(Cancelled) : Outcome.Refused;
                case Happening.CancelItems when pieces.Sum() == 0:
                    return Outcome.Nothing;
                case Happening.CancelItems:
                    if (_status is not (Pending or Confirmed) || pieces.Zip(_left).Any(line => line.First > line.Second))
                    {
                        return Outcome.Refused;
                    }

                    if (pieces.SequenceEqual(_left))
                    {
                        return To(Cancelled);
                    }

                    for (var i = 0; i < pieces.Length; i++)
                    {
                        _left[i] -= pieces[i];
                    }

                    return Outcome.Changed;
                case Happening.Pay or Happening.PayWhatItCostAtFirst or Happening.PayInAnotherCurrency:
                    var amount = CentsOf(step);
                    if (_isPaid || (_status == Cancelled && amount == 0))
                    {
                        return Outcome.Nothing;
                    }

                    if (step.What == Happening.PayInAnotherCurrency || amount < (_status == Cancelled ? 0 : Cost))
                    {
                        return Outcome.Refused;
                    }

                    (_isPaid, _paid) = (true, amount);
                    return To(_status == Cancelled ? Cancelled : Confirmed);
                default:
                    if (Moves.TryGetValue((_status, step.What), out var next))
                    {
                        return To(next);
                    }

                    // A step of the fulfilment that is still ahead waits; nothing else does.
                    string[] way = [Pending, Confirmed, Processing, Shipped];
                    var from = Moves.SingleOrDefault(move => move.Key.Item2 == step.What && step.What >= Happening.Pick).Key.Item1;
                    return from is not null && _status != Cancelled && Array.IndexOf(way, _status) is >= 0 and var now && now < Array.IndexOf(way, from)
                        ? Outcome.TooEarly
                        : Outcome.Nothing;
            }

            Outcome To(string status)
            {
                _status = status;
                return Outcome.Changed;
            }
        }

        private void Refund()
        {
            var tooMuch = _paid - (_status == Cancelled ? 0 : _isPaid ? Cost : 0) - _refunded;
            if (tooMuch > 0)
            {
                _refunded += tooMuch;
                _refunds++;
            }
        }

        private int CentsOf(Step step) => step.What == Happening.PayWhatItCostAtFirst ? _costAtFirst : Cost + step.A;

        private Outcome Do(Step step)
        {
            var (events, version) = (_order.LastSequence, _order.Version);
            try
            {
                switch (step.What)
                {
                    case Happening.Cancel:
                        _order.Cancel("Changed my mind", Some.Now);
                        break;
                    case Happening.CancelItems:
                        var asked = Products.Zip([step.A, step.B, step.C], (product, pieces) => new ProductQuantity(product, pieces))
                            .Where(line => line.Quantity > 0).ToList();
                        if (asked.Count > 0)
                        {
                            _order.CancelItems(asked, null, Some.Now);
                        }

                        break;
                    case Happening.TimeOut:
                        _order.TimeOutPayment(Some.Now);
                        break;
                    default:
                        if (_order.Apply(EventOf(step), Some.Now) == EventOutcome.TooEarly)
                        {
                            return Outcome.TooEarly;
                        }

                        break;
                }
            }
            catch (Exception e) when (e is OrderRuleException or EventRefusedException)
            {
                return Outcome.Refused;
            }

            Assert.Equal(_order.Version != version, _order.LastSequence != events);
            return _order.Version != version ? Outcome.Changed : Outcome.Nothing;
        }

        private ExternalEvent EventOf(Step step) => step.What switch
        {
            Happening.Pay or Happening.PayWhatItCostAtFirst => new PaymentSucceeded(_order.Id, CentsOf(step) / 100m, "EUR"),
            Happening.PayInAnotherCurrency => new PaymentSucceeded(_order.Id, CentsOf(step) / 100m, "USD"),
            Happening.FailToPay => new PaymentFailed(_order.Id),
            Happening.Pick => new FulfilmentPicked(_order.Id),
            Happening.PickUp => new FulfilmentPickedUp(_order.Id),
            Happening.Deliver => new FulfilmentDelivered(_order.Id),
            _ => throw new ArgumentOutOfRangeException(nameof(step), step.What, "Not an event."),
        };


        private void Collect()
        {
            var (events, commands, history) = _order.Take();
            _events.AddRange(events);
            _commands.AddRange(commands);
            _history.AddRange(history);
        }

        private static string Upper(OrderStatus status) => status.ToString().ToUpperInvariant();

        private static OrderStatus? StatusTold(OrderEvent told) => told switch
        {
            OrderPlaced => OrderStatus.Pending,
            OrderConfirmed e => e.Status,
            OrderProcessing e => e.Status,
            OrderShipped e => e.Status,
            OrderDelivered e => e.Status,
            OrderCancelled e => e.Status,
            OrderItemsCancelled e => e.Status,
            _ => null,
        };

        private static decimal? TotalTold(OrderEvent told) => told switch
        {
            OrderPlaced e => e.TotalAmount,
            OrderItemsCancelled e => e.TotalAmount,
            _ => null,
        };

        /// <summary>How a step ends.</summary>
        private enum Outcome
        {
            Changed,
            Nothing,
            TooEarly,
            Refused,
        }
    }
}
