using OrderService.Core.Messaging;

namespace OrderService.Worker.Outbox;

/// <summary>Takes the rows of one channel where they belong.</summary>
internal interface IOutboxSender
{
    /// <summary>The channel that it serves.</summary>
    OutboxChannel Channel { get; }

    /// <summary>Orders whose messages may be on their way at once.</summary>
    int Concurrency { get; }

    /// <summary>Sends one message and returns when the other side has it for good.</summary>
    /// <exception cref="UnsendableException">No repeat can help.</exception>
    Task SendAsync(OutboxRow row, CancellationToken cancellationToken);
}

/// <summary>A row of the outbox as a relay reads it.</summary>
internal sealed record OutboxRow(
    long Position,
    Guid Id,
    Guid OrderId,
    int Sequence,
    string Type,
    string Payload,
    string? TraceParent,
    string? TraceState,
    DateTimeOffset OccurredAt);

/// <summary>A message that the other side will never take.</summary>
internal sealed class UnsendableException(string message, Exception? inner = null) : Exception(message, inner);
