namespace OrderService.Core.Orders;

/// <summary>An explicit call that the rules refuse. The API answers it with 409; it never changes anything.</summary>
public class OrderRuleException(string rule, string message) : Exception(message)
{
    /// <summary>The broken rule by its stable name, the last part of the problem type: <c>order-not-cancellable</c>.</summary>
    public string Rule { get; } = rule;
}

/// <summary>Pieces were to be cancelled that the order does not have.</summary>
public sealed class LinesNotCancellableException(IReadOnlyList<LineNotCancellable> lines)
    : OrderRuleException("lines-not-cancellable", "The order has fewer pieces of some products than were to be cancelled; 'lines' lists them.")
{
    /// <summary>Every such line.</summary>
    public IReadOnlyList<LineNotCancellable> Lines { get; } = lines;
}

/// <summary>A product of which the order has fewer pieces than were to be cancelled.</summary>
/// <param name="ProductId">The Product service's id.</param>
/// <param name="Requested">Pieces to be cancelled.</param>
/// <param name="Left">Pieces that the order has; 0 for a product that is no part of it.</param>
public sealed record LineNotCancellable(string ProductId, int Requested, int Left);

/// <summary>
/// An event of another service that does not go with its order: a repeat can only help after a person has changed one of them. The order
/// stays as it is.
/// </summary>
public sealed class EventRefusedException(string message) : Exception(message);
