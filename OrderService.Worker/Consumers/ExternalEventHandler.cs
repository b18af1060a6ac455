using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Worker.Consumers;

/// <summary>What became of a message.</summary>
internal enum HandlingOutcome
{
    /// <summary>The order changed.</summary>
    Applied,

    /// <summary>Nothing to change: the event was handled before, or its time has passed.</summary>
    NoOp,

    /// <summary>The order isn't there yet.</summary>
    TooEarly,
}

/// <summary>
/// Applies one event of another service to its order: effect and inbox row in one transaction, so that each event counts once however
/// often it is delivered.
/// </summary>
internal sealed class ExternalEventHandler(IServiceScopeFactory scopes, TimeProvider time)
{
    private const string Consumer = "orders";
    private const int ConflictRetries = 5;

    /// <summary>Whether a failure is up to a person: no repeat of the same message can help by itself.</summary>
    public static bool IsFinal(Exception failure) => failure is UnreadableEventException or EventRefusedException;

    /// <summary>Handles a message.</summary>
    /// <exception cref="UnreadableEventException">It can't be read.</exception>
    /// <exception cref="EventRefusedException">It does not go with its order.</exception>
    public async Task<HandlingOutcome> HandleAsync(IncomingMessage message, CancellationToken cancellationToken)
    {
        ActivityContext.TryParse(message.TraceParent, message.TraceState, isRemote: true, out var cause);
        using var activity = OrderTelemetry.Source.StartActivity($"process {message.Topic}", ActivityKind.Consumer, cause);
        activity?.SetTag("messaging.system", "kafka");
        activity?.SetTag("messaging.operation.type", "process");
        activity?.SetTag("messaging.destination.name", message.Topic);
        activity?.SetTag("messaging.message.id", message.EventId);
        activity?.SetTag("messaging.kafka.message.key", message.Key);

        try
        {
            var (eventId, told) = Read(message);
            var outcome = await ApplyAsync(eventId, message.Source, told, cancellationToken);
            activity?.SetTag("event.outcome", NameOf(outcome));
            OrderTelemetry.InboxEvents.Add(1, new("event.outcome", NameOf(outcome)), new("cloudevents.event_type", message.EventType));
            return outcome;
        }
        catch (Exception e)
        {
            if (IsFinal(e))
            {
                // Its type may be anything.
                OrderTelemetry.InboxEvents.Add(1, new KeyValuePair<string, object?>("event.outcome", "refused"));
            }

            activity?.SetStatus(ActivityStatusCode.Error, e.Message);
            throw;
        }
    }

    private static string NameOf(HandlingOutcome outcome) => outcome switch
    {
        HandlingOutcome.Applied => "applied",
        HandlingOutcome.NoOp => "no-op",
        HandlingOutcome.TooEarly => "too-early",
    };

    private static (string EventId, ExternalEvent Event) Read(IncomingMessage message)
    {
        if (message.EventId is not { Length: > 0 } eventId || !MayIdentify(eventId) || !MayIdentify(message.Source))
        {
            throw new UnreadableEventException(
                $"The header ce_id is missing, or it or ce_source is longer than {InboxMessage.IdentityLength} characters or holds a null character.");
        }

        var told = EventCatalog.Read(message.EventType, message.Body);
        return Guid.TryParse(message.Key, out var key) && key == told.OrderId
            ? (eventId, told)
            : throw new UnreadableEventException($"The key '{message.Key}' is not the id of the order in the body, {told.OrderId}.");
    }

    private static bool MayIdentify(string value) => value.Length <= InboxMessage.IdentityLength && !value.Contains('\0', StringComparison.Ordinal);

    private async Task<HandlingOutcome> ApplyAsync(string eventId, string source, ExternalEvent told, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<OrdersDbContext>();
            if (await db.Inbox.AnyAsync(
                handled => handled.OrderId == told.OrderId && handled.EventId == eventId && handled.Source == source && handled.Consumer == Consumer,
                cancellationToken))
            {
                return HandlingOutcome.NoOp;
            }

            var now = time.Now();
            var order = await db.Orders.SingleOrDefaultAsync(o => o.Id == told.OrderId, cancellationToken);
            var outcome = order?.Apply(told, now) ?? EventOutcome.TooEarly;
            if (outcome == EventOutcome.TooEarly)
            {
                return HandlingOutcome.TooEarly;
            }

            db.Inbox.Add(new InboxMessage { OrderId = told.OrderId, EventId = eventId, Source = source, Consumer = Consumer, HandledAt = now });
            try
            {
                await db.SaveChangesAsync(cancellationToken);
                return outcome == EventOutcome.Applied ? HandlingOutcome.Applied : HandlingOutcome.NoOp;
            }
            catch (DbUpdateConcurrencyException) when (attempt < ConflictRetries)
            {
                // Somebody else changed the order in between: look at it anew.
            }
            catch (DbUpdateException e) when (e.IsUniqueViolation(OrdersDatabase.InboxKey))
            {
                return HandlingOutcome.NoOp;
            }
        }
    }
}
