using Microsoft.AspNetCore.Http.HttpResults;
using Stubs;

namespace ProductService;

/// <summary>What <c>PUT /api/reservations/{reservationId}</c> takes. Lines of one product are summed.</summary>
internal sealed record ReservationRequest(IReadOnlyList<ReservationLine?>? Items, DateTimeOffset? ExpiresAt);

/// <summary>What <c>PATCH /api/reservations/{reservationId}</c> takes: the quantities that stay; products that are not listed keep theirs.</summary>
internal sealed record ReductionRequest(IReadOnlyList<ReservationLine?>? Items);

/// <summary>A product and a quantity.</summary>
internal sealed record ReservationLine(string? ProductId, int? Quantity);

/// <summary>Reserving, committing and releasing stock.</summary>
internal static class ReservationEndpoints
{
    private const int MaxLines = 100;
    private const int MaxQuantity = 1_000_000;

    /// <summary>Maps the routes under <c>/api/reservations</c>.</summary>
    public static void MapReservations(this IEndpointRouteBuilder app)
    {
        var reservations = app.MapGroup("/api/reservations/{reservationId}").WithTags("Reservations");
        reservations.MapPut("/", Reserve).WithSummary("Reserves every line or nothing, idempotent by id").ProducesProblem(409);
        reservations.MapGet("/", Get).WithSummary("The reservation as it stands").ProducesProblem(404);
        reservations.MapPost("/commit", Commit).WithSummary("Sells what is reserved, idempotent").ProducesProblem(404).ProducesProblem(409);
        reservations.MapPatch("/", Reduce).WithSummary("Releases a part: sets what stays reserved or sold, never raises it").ProducesProblem(404).ProducesProblem(409);
        reservations.MapDelete("/", Release).WithSummary("Releases everything, sold units too; the id can't be reserved afterwards");
    }

    private static Results<Ok<ReservationAnswer>, ValidationProblem, ProblemHttpResult> Reserve(Inventory inventory, Guid reservationId, ReservationRequest body)
    {
        var errors = new Dictionary<string, string[]>();
        var lines = Lines(body.Items, minimum: 1, errors);
        if (body.ExpiresAt is null)
        {
            errors["expiresAt"] = ["When the reservation ends by itself, as ISO 8601 with an offset."];
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(errors);
        }

        return inventory.Reserve(reservationId, lines, body.ExpiresAt!.Value.ToUniversalTime()) switch
        {
            ReserveResult.Reserved reserved => TypedResults.Ok(reserved.Answer),
            ReserveResult.Taken taken => Refused(reservationId, taken.State),
            ReserveResult.Unavailable unavailable => Problems.Of(409, "product-unavailable", "Products are not for sale", "Some products are unknown or inactive; nothing was reserved.", ("products", unavailable.Products)),
            ReserveResult.Short shortage => Problems.Of(409, "insufficient-stock", "Not enough stock", "Some products are short; nothing was reserved.", ("shortages", shortage.Shortages)),
            ReserveResult.TooLate => Problems.Invalid(new Dictionary<string, string[]> { ["expiresAt"] = ["An instant in the future."] }),
            var unknown => throw new InvalidOperationException($"A reservation can't end in {unknown}."),
        };
    }

    private static Results<Ok<Reservation>, ProblemHttpResult> Get(Inventory inventory, Guid reservationId) =>
        inventory.FindReservation(reservationId) is { } reservation ? TypedResults.Ok(reservation) : Unknown(reservationId);

    private static Results<Ok<Reservation>, ProblemHttpResult> Commit(Inventory inventory, Guid reservationId) =>
        inventory.Commit(reservationId) switch
        {
            null => Unknown(reservationId),
            { State: ReservationState.Committed } reservation => TypedResults.Ok(reservation),
            { State: var final } => Refused(reservationId, final),
        };

    private static Results<Ok<Reservation>, ValidationProblem, ProblemHttpResult> Reduce(Inventory inventory, Guid reservationId, ReductionRequest body)
    {
        var errors = new Dictionary<string, string[]>();
        var remaining = Lines(body.Items, minimum: 0, errors);
        return errors.Count > 0
            ? Problems.Invalid(errors)
            : inventory.Reduce(reservationId, remaining) switch
            {
                (null, _) => Unknown(reservationId),
                (_, { Count: > 0 } strangers) => Problems.Of(409, "product-not-reserved", "Products are not part of the reservation", $"Reservation {reservationId} never had some of these products; nothing was released.", ("products", strangers)),
                (var reservation, _) => TypedResults.Ok(reservation),
            };
    }

    private static NoContent Release(Inventory inventory, Guid reservationId)
    {
        inventory.Release(reservationId);
        return TypedResults.NoContent();
    }

    private static Dictionary<string, int> Lines(IReadOnlyList<ReservationLine?>? items, int minimum, Dictionary<string, string[]> errors)
    {
        var quantities = new Dictionary<string, int>(StringComparer.Ordinal);
        if (items is null or { Count: 0 or > MaxLines })
        {
            errors["items"] = [$"1 to {MaxLines} lines."];
            return quantities;
        }

        for (var index = 0; index < items.Count; index++)
        {
            if (items[index] is not { ProductId.Length: > 0 } line)
            {
                errors[$"items[{index}].productId"] = ["The id of a product."];
            }
            else if (line.Quantity is not { } quantity || quantity < minimum || quantity > MaxQuantity)
            {
                errors[$"items[{index}].quantity"] = [$"{minimum} to {MaxQuantity} units."];
            }
            else
            {
                quantities[line.ProductId] = quantities.GetValueOrDefault(line.ProductId) + quantity;
            }
        }

        return quantities;
    }

    private static ProblemHttpResult Unknown(Guid id) =>
        Problems.Of(404, "reservation-not-found", "No such reservation", $"There is no reservation {id}. Reservations live in memory, since the start of this process.");

    private static ProblemHttpResult Refused(Guid id, ReservationState state) => state switch
    {
        ReservationState.Released => Problems.Of(409, "reservation-released", "The reservation was released", $"Reservation {id} was released, which is final: reserve under a new id."),
        ReservationState.Expired => Problems.Of(409, "reservation-expired", "The reservation expired", $"Reservation {id} was not committed in time and its stock went back: reserve under a new id."),
        ReservationState.Reserved or ReservationState.Committed => Problems.Of(409, "reservation-conflict", "The id is taken by other items", $"Reservation {id} exists with other items: reserve under a new id."),
    };
}
