using FsCheck;
using FsCheck.Fluent;

namespace OrderService.Tests.Books;

/// <summary>What happens in a shop of three products. Steps of one scene happen at once, scenes one after another.</summary>
/// <param name="Stock">Pieces of each product at the beginning.</param>
/// <param name="Scenes">What happens.</param>
/// <param name="Ending">What becomes of the orders of which events wait that came too early.</param>
public sealed record Story(IReadOnlyList<int> Stock, IReadOnlyList<Scene> Scenes, Ending Ending)
{
    public static readonly IReadOnlyList<string> Products = ["A", "B", "C"];

    public static readonly IReadOnlyList<string> Customers = ["Ann", "Ben", "Cleo"];

    public override string ToString() => string.Join('\n', [
        $"There are {string.Join(", ", Stock.Zip(Products, (pieces, product) => $"{pieces} {product}"))}.",
        .. Scenes.Select((scene, i) => $"{i + 1}. {string.Join("\n   | ", scene.Steps)}"),
        $"Orders whose events wait at the end: {Ending}."]);
}

/// <summary>Steps that happen at once.</summary>
public sealed record Scene(IReadOnlyList<Step> Steps);

/// <summary>Something that somebody does.</summary>
/// <param name="Deed">What.</param>
/// <param name="Who">Index of the customer, or of the line.</param>
/// <param name="Which">Index of the product, or of the order among those that there are, from the oldest on.</param>
/// <param name="Pieces">How many.</param>
/// <param name="Times">How often it is sent.</param>
public sealed record Step(Deed Deed, int Who, int Which, int Pieces, Times Times)
{
    private string Customer => Story.Customers[Who];

    private string Product => Story.Products[Which];

    public override string ToString() => (Times == Times.Once ? "" : $"({Times}) ") + Deed switch
    {
        Deed.Order => $"{Customer} orders {Pieces} {Product}",
        Deed.OrderAll => $"{Customer} orders {Pieces} of everything",
        Deed.Add => $"{Customer} puts {Pieces} {Product} into the cart",
        Deed.Set => $"{Customer} wants {Pieces} {Product} in the cart",
        Deed.Checkout => $"{Customer} checks out",
        Deed.Cancel => $"order {Which} is cancelled",
        Deed.CancelItems => $"{Pieces} pieces of line {Who} of order {Which} are cancelled",
        Deed.Reprice => $"{Product} gets another price",
        Deed.Resend => $"event {Which} comes once more",
        _ => $"{Deed} order {Which}",
    };
}

/// <summary>Kinds of steps.</summary>
public enum Deed
{
    Order,
    OrderAll,
    Add,
    Set,
    Checkout,
    Cancel,
    CancelItems,
    Reprice,
    Pay,
    PayTooMuch,
    PayTooLittle,
    FailToPay,
    Pick,
    PickUp,
    Deliver,
    Resend,
}

/// <summary>How often a request or an event is sent. An event that is sent twice has the same id both times.</summary>
public enum Times
{
    Once,
    OnceWithKey,
    TwiceAtOnce,
    TwiceAtOnceWithKey,
    AgainWithKey,
}

/// <summary>What becomes of the orders of which events wait that came too early.</summary>
public enum Ending
{
    /// <summary>They are cancelled if they still can be.</summary>
    Cancelled,

    /// <summary>They get what is missing.</summary>
    Fulfilled,
}

/// <summary>How to make up stories, and how to make them smaller.</summary>
public static class Stories
{
    /// <summary>A failing story is told again so many times at most to make it smaller: each time takes seconds.</summary>
    private const int MostTries = 30;

    private static int s_tries;

    private static readonly Gen<Times> Requests = Gen.Frequency(
        (4, Gen.Constant(Times.Once)), (3, Gen.Elements(Times.OnceWithKey, Times.TwiceAtOnce, Times.TwiceAtOnceWithKey, Times.AgainWithKey)));

    private static readonly Gen<Times> Events = Gen.Frequency((3, Gen.Constant(Times.Once)), (1, Gen.Constant(Times.TwiceAtOnce)));

    private static readonly Gen<Step> Shopping =
        from deed in Gen.Elements(Deed.Order, Deed.OrderAll, Deed.Add, Deed.Add, Deed.Checkout, Deed.Checkout)
        from who in Gen.Choose(0, 2)
        from which in Gen.Choose(0, 2)
        from pieces in Gen.Choose(1, 3)
        from times in Requests
        select new Step(deed, who, which, pieces, times);

    // The oldest orders most of all, so that some of them get far and much happens to one at once.
    private static readonly Gen<int> Orders = Gen.Frequency((4, Gen.Constant(0)), (2, Gen.Constant(1)), (2, Gen.Choose(2, 5)));

    private static readonly Gen<Step> Cancelling =
        from deed in Gen.Elements(Deed.Cancel, Deed.CancelItems, Deed.CancelItems)
        from line in Gen.Choose(0, 2)
        from which in Orders
        from pieces in Gen.Choose(1, 2)
        from times in Requests
        select new Step(deed, line, which, pieces, times);

    private static readonly Gen<Step> Telling =
        from deed in Gen.Frequency(
            (5, Gen.Constant(Deed.Pay)),
            (6, Gen.Elements(Deed.Pick, Deed.PickUp, Deed.Deliver)),
            (4, Gen.Elements(Deed.PayTooMuch, Deed.PayTooLittle, Deed.FailToPay, Deed.Resend)))
        from which in Orders
        from times in Events
        select new Step(deed, 0, which, 0, times);

    private static readonly Gen<Scene> Openings = from steps in Shopping.ArrayOf(3) select new Scene(steps);

    private static readonly Gen<Scene> Scenes =
        from count in Gen.Choose(1, 4)
        from steps in Gen.Frequency((2, Shopping), (2, Cancelling), (4, Telling)).ArrayOf(count)
        select new Scene(steps);

    // A quantity that is set does not commute with others of the same cart.
    private static readonly Gen<Scene> Settings =
        from who in Gen.Choose(0, 2)
        from which in Gen.Choose(0, 2)
        from pieces in Gen.Choose(0, 3)
        select new Scene([new Step(Deed.Set, who, which, pieces, Times.Once)]);

    // The Product service is told price and stock together, so nothing may be sold meanwhile.
    private static readonly Gen<Scene> NewPrices =
        from which in Gen.Choose(0, 2)
        from pieces in Gen.Choose(1, 3)
        from shopping in Shopping.ArrayOf(2)
        select new Scene([new Step(Deed.Reprice, 0, which, pieces, Times.Once), .. shopping]);

    public static Arbitrary<Story> All() => Arb.From(
        from stock in Gen.Choose(2, 7).ArrayOf(3)
        from opening in Openings
        from scenes in Gen.Frequency((6, Scenes), (1, Settings), (1, NewPrices)).ArrayOf(4)
        from ending in Gen.Elements(Ending.Cancelled, Ending.Fulfilled)
        select new Story(stock, [opening, .. scenes], ending),
        story => Smaller(story).TakeWhile(_ => Interlocked.Increment(ref s_tries) <= MostTries));

    /// <summary>Fewer scenes, fewer steps, steps one after another instead of at once, and once instead of twice.</summary>
    private static IEnumerable<Story> Smaller(Story story)
    {
        var scenes = story.Scenes;
        for (var length = scenes.Count / 2; length > 0; length /= 2)
        {
            for (var first = 0; first < scenes.Count; first += length)
            {
                yield return With(first, Math.Min(length, scenes.Count - first), []);
            }
        }

        for (var i = 0; i < scenes.Count; i++)
        {
            var steps = scenes[i].Steps;
            for (var j = 0; j < steps.Count && steps.Count > 1; j++)
            {
                yield return With(i, 1, [new Scene([.. steps.Take(j), .. steps.Skip(j + 1)])]);
            }
        }

        for (var i = 0; i < scenes.Count; i++)
        {
            var steps = scenes[i].Steps;
            if (steps.Count > 1)
            {
                yield return With(i, 1, [.. steps.Select(step => new Scene([step]))]);
            }

            if (steps.Any(step => step.Times != Times.Once))
            {
                yield return With(i, 1, [new Scene([.. steps.Select(step => step with { Times = Times.Once })])]);
            }
        }

        Story With(int first, int length, Scene[] instead) =>
            story with { Scenes = [.. scenes.Take(first), .. instead, .. scenes.Skip(first + length)] };
    }
}
