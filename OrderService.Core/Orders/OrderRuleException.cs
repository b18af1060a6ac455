namespace OrderService.Core.Orders;

/// <summary>An explicit call that the rules refuse. The API answers it with 409; it never changes anything.</summary>
public sealed class OrderRuleException(string rule, string message) : Exception(message)
{
    /// <summary>The broken rule by its stable name, the last part of the problem type: <c>order-not-cancellable</c>.</summary>
    public string Rule { get; } = rule;
}
