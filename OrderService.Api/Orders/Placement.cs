using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Options;
using Npgsql;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using OrderService.Api.Http;
using OrderService.Core;
using OrderService.Core.Orders;
using OrderService.Core.Persistence;

namespace OrderService.Api.Orders;

/// <summary>An order to be placed.</summary>
/// <param name="UserId">The customer.</param>
/// <param name="Lines">A line per product.</param>
/// <param name="ShippingAddress">Where to send it.</param>
/// <param name="Notes">What the customer adds.</param>
/// <param name="Keyed">The request's idempotency key.</param>
/// <param name="Cart">The cart it comes from: its checkout becomes at most one order, at the prices it shows.</param>
internal sealed record OrderDraft(
    Guid UserId, IReadOnlyList<ProductQuantity> Lines, string ShippingAddress, string? Notes, IdempotentRequest? Keyed, Cart? Cart = null);

/// <summary>A price that is no longer what the cart showed.</summary>
internal sealed record PriceChange(string ProductId, decimal Was, decimal Now, string Currency);

/// <summary>How placing an order ended.</summary>
internal abstract record PlacementOutcome
{
    /// <summary>It is placed.</summary>
    internal sealed record Placed(StoredOrder Stored) : PlacementOutcome
    {
        /// <summary>201 with the order, which is stored under the request's key.</summary>
        public Created<OrderResponse> Answer(Idempotency.KeyClaim key, HttpResponse response)
        {
            key.Use();
            response.SetVersion(Stored.Version);
            return TypedResults.Created(OrderResponse.LocationOf(Stored.Order.Id), Stored.Order);
        }
    }

    /// <summary>It is not placed, and nothing is left of it.</summary>
    internal sealed record Refused(ProblemHttpResult Problem, bool OutOfStock = false) : PlacementOutcome;

    /// <summary>Not placed: prices are not what the cart showed.</summary>
    internal sealed record PriceChanged(string Currency, IReadOnlyList<PriceChange> Changes, IReadOnlyCollection<Product> Products)
        : PlacementOutcome;

    /// <summary>Not placed: the cart's checkout is an order already.</summary>
    internal sealed record CheckedOutAlready : PlacementOutcome;

    /// <summary>Not placed: another request with the same idempotency key was faster.</summary>
    internal sealed record KeyTaken : PlacementOutcome;
}

/// <summary>
/// The one way in which an order comes into being: the customer is checked, the stock reserved under the order's id, and the order
/// written with all that belongs to it in one transaction. An order that is not written gives its stock back.
/// </summary>
internal sealed partial class Placement(
    UserClient users,
    ProductClient products,
    OrphanedReservations orphans,
    NewOrders newOrders,
    OrderReader orders,
    Idempotency idempotency,
    TimeProvider time,
    IOptions<OrderOptions> options,
    ILogger<Placement> logger)
{
    /// <summary>The reservation outlives the wait for the payment by what the worker may need to notice and the outbox to deliver.</summary>
    private static readonly TimeSpan ReservationMargin = TimeSpan.FromMinutes(10);

    private const int SaveAttempts = 2;

    /// <summary>How long a save may take.</summary>
    public static readonly TimeSpan SaveTimeout = TimeSpan.FromSeconds(10);

    /// <summary>Places an order. A client that gives up after the stock is reserved does not stop it half-way.</summary>
    /// <exception cref="DependencyUnavailableException">The User or the Product service is away.</exception>
    public async Task<PlacementOutcome> PlaceAsync(OrderDraft draft, CancellationToken cancellationToken)
    {
        using (OrderTelemetry.Measure(PlacementStep.Customer))
        {
            if (!await users.MayOrderAsync(draft.UserId, cancellationToken))
            {
                return Refuse(StatusCodes.Status403Forbidden, "customer-not-allowed", "This customer is unknown or may not order.");
            }
        }

        cancellationToken.ThrowIfCancellationRequested();
        var now = time.Now();
        var orderId = Guid.CreateVersion7(now);
        if (Activity.Current is { IsAllDataRequested: true } request)
        {
            request.SetTag("order.id", orderId);
        }

        switch (await ReserveAsync(orderId, draft, now))
        {
            case Reservation.Short missing:
                return Refuse(
                    StatusCodes.Status409Conflict,
                    "insufficient-stock",
                    "There is not enough of some products; 'shortages' lists them.",
                    ("shortages", missing.Shortages)) with { OutOfStock = true };
            case Reservation.NotForSale gone:
                return Refuse(
                    StatusCodes.Status409Conflict,
                    "product-unavailable",
                    "Some products are unknown or no longer for sale; 'products' lists them.",
                    ("products", gone.Products));
            case Reservation.Held held:
                return await PlaceReservedAsync(orderId, draft, held.Products, now);
            case var other:
                throw new InvalidOperationException($"A reservation can't end as {other}.");
        }
    }

    private async Task<Reservation> ReserveAsync(Guid orderId, OrderDraft draft, DateTimeOffset now)
    {
        using var step = OrderTelemetry.Measure(PlacementStep.Reservation);
        try
        {
            return await products.ReserveAsync(orderId, draft.Lines, ExpiryOf(now), CancellationToken.None);
        }
        catch (DependencyUnavailableException)
        {
            // It may be reserved all the same. The customer need not wait for what is likely to fail too.
            _ = ReleaseAsync(orderId, now);
            throw;
        }
    }

    private DateTimeOffset ExpiryOf(DateTimeOffset reservedAt) => reservedAt + options.Value.PaymentTimeout + ReservationMargin;

    private async Task<PlacementOutcome> PlaceReservedAsync(
        Guid orderId, OrderDraft draft, IReadOnlyDictionary<string, Product> reserved, DateTimeOffset now)
    {
        var keep = false;
        try
        {
            var outcome = Check(draft, reserved) ?? await SaveAsync(orderId, draft, reserved, now);
            keep = outcome is PlacementOutcome.Placed;
            return outcome;
        }
        catch (OutcomeUnknownException)
        {
            keep = true;
            orphans.Add(orderId, ExpiryOf(now));
            throw;
        }
        finally
        {
            if (!keep)
            {
                await ReleaseAsync(orderId, now);
            }
        }
    }

    /// <summary>What only the reservation's prices tell.</summary>
    private static PlacementOutcome? Check(OrderDraft draft, IReadOnlyDictionary<string, Product> reserved)
    {
        var currencies = reserved.Values.Select(product => product.Currency).Distinct().Order(StringComparer.Ordinal).ToList();
        if (currencies.Count > 1)
        {
            return Refuse(
                StatusCodes.Status409Conflict,
                "mixed-currencies",
                $"An order has one currency; these products are priced in {string.Join(", ", currencies)}.");
        }

        var changes = draft.Cart?.Lines
            .Select(line => new PriceChange(line.ProductId, line.UnitPrice, reserved[line.ProductId].Price, currencies[0]))
            .Where(price => price.Was != price.Now || price.Currency != draft.Cart.Currency)
            .ToList();
        return changes is { Count: > 0 } ? new PlacementOutcome.PriceChanged(currencies[0], changes, [.. reserved.Values]) : null;
    }

    /// <summary>
    /// Writes the order. Where the connection breaks so that nobody knows whether the commit took effect, it is written again under
    /// the same id: if it did take effect, the id is taken.
    /// </summary>
    private async Task<PlacementOutcome> SaveAsync(
        Guid orderId, OrderDraft draft, IReadOnlyDictionary<string, Product> reserved, DateTimeOffset now)
    {
        using var step = OrderTelemetry.Measure(PlacementStep.Save);
        for (var attempt = 1; ; attempt++)
        {
            var order = Order.Place(
                orderId,
                draft.UserId,
                [.. draft.Lines.Select(line => Priced(line, reserved[line.ProductId]))],
                reserved.Values.First().Currency,
                draft.ShippingAddress,
                draft.Notes,
                draft.Cart?.CheckoutId,
                now);
            var placed = new StoredOrder(OrderResponse.Of(order), order.Version);
            var answer = draft.Keyed is { } keyed ? idempotency.Record(keyed, StatusCodes.Status201Created, placed) : null;
            try
            {
                await newOrders.WriteAsync(order, answer, SaveTimeout);
                return new PlacementOutcome.Placed(placed);
            }
            catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
            {
                if (attempt > 1 && await orders.FindAsync(orderId, CancellationToken.None) is { } written)
                {
                    return new PlacementOutcome.Placed(written);
                }

                return e.IsUniqueViolation(OrdersDatabase.IdempotencyKey) ? new PlacementOutcome.KeyTaken()
                    : e.IsUniqueViolation(OrdersDatabase.CheckoutIndex) ? new PlacementOutcome.CheckedOutAlready()
                    : throw new InvalidOperationException($"The id {orderId} is taken by another order.", e);
            }
            catch (OutcomeUnknownException e) when (attempt < SaveAttempts)
            {
                LogSavedAgain(logger, orderId, e.InnerException!);
            }
            catch (Exception e) when (attempt > 1)
            {
                LogUnknown(logger, orderId, e);
                throw e as OutcomeUnknownException ?? new OutcomeUnknownException(e);
            }
        }
    }

    private static OrderLine Priced(ProductQuantity line, Product product) => new(product.Id, product.Name, line.Quantity, product.Price);

    /// <summary>Gives the stock back, or has that done as soon as the Product service answers.</summary>
    private async Task ReleaseAsync(Guid orderId, DateTimeOffset reservedAt)
    {
        using var step = OrderTelemetry.Measure(PlacementStep.Release);
        try
        {
            await products.ReleaseAsync(orderId, CancellationToken.None);
        }
        catch (DependencyUnavailableException e)
        {
            orphans.Add(orderId, ExpiryOf(reservedAt));
            LogNotReleased(logger, orderId, e);
        }
    }

    private static PlacementOutcome.Refused Refuse(int status, string name, string detail, params ReadOnlySpan<(string, object?)> extensions) =>
        new(Problems.Of(status, name, detail, extensions));

    [LoggerMessage(EventId = 2101, EventName = "OrderSavedAgain", Level = LogLevel.Warning, Message = "The connection broke while order {OrderId} was saved; it is saved again under the same id")]
    private static partial void LogSavedAgain(ILogger logger, Guid orderId, Exception cause);

    [LoggerMessage(EventId = 2102, EventName = "OrderOutcomeUnknown", Level = LogLevel.Error, Message = "Whether order {OrderId} is saved is not known; its reservation stays until that is")]
    private static partial void LogUnknown(ILogger logger, Guid orderId, Exception cause);

    [LoggerMessage(EventId = 2103, EventName = "ReservationNotReleased", Level = LogLevel.Warning, Message = "Reservation {OrderId} has no order and was not released yet")]
    private static partial void LogNotReleased(ILogger logger, Guid orderId, Exception cause);
}
