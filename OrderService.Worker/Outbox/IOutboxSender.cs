using OrderService.Core.Messaging;

namespace OrderService.Worker.Outbox;

/// <summary>Takes the rows of one channel where they belong.</summary>
internal interface IOutboxSender
{
    /// <summary>The channel that it serves.</summary>
    OutboxChannel Channel { get; }

    /// <summary>The type of message that makes those before it needless for its order, if there is one: they may then be refused.</summary>
    string? Conclusion { get; }

    /// <summary>
    /// Starts to send one message. The outcome is told to <paramref name="delivery"/>, once, on any thread; it may be told before this returns.
    /// </summary>
    void Send(OutboxRow row, IDelivery delivery, CancellationToken cancellationToken);
}

/// <summary>Waits for the outcome of a message.</summary>
internal interface IDelivery
{
    /// <summary>The other side has the message for good.</summary>
    void Acknowledge();

    /// <summary>It does not have it, as far as is known. After an <see cref="UnsendableException"/> no repeat can help.</summary>
    void Fail(Exception failure);
}

/// <summary>A row of the outbox as a relay reads it: texts that only travel on stay bytes in UTF-8.</summary>
internal sealed record OutboxRow(
    long Position,
    Guid Id,
    Guid OrderId,
    int Sequence,
    string Type,
    byte[] Payload,
    byte[]? TraceParent,
    byte[]? TraceState,
    DateTimeOffset OccurredAt);

/// <summary>A message that the other side will never take.</summary>
internal sealed class UnsendableException(string message, Exception? inner = null) : Exception(message, inner);
