using System.Text.RegularExpressions;
using Confluent.Kafka;
using Microsoft.AspNetCore.Http.HttpResults;
using Stubs;

namespace PaymentSimulator;

/// <summary>The mode, as <c>GET</c> and <c>PUT /mode</c> have it.</summary>
internal sealed record ModeBody(SimulationMode? Mode);

/// <summary>What <c>POST /orders/{id}/pay</c> takes; amount and currency are the order's own unless given.</summary>
internal sealed record PayRequest(PaymentOutcome? Outcome, Guid? EventId = null, decimal? Amount = null, string? Currency = null);

/// <summary>What <c>POST /orders/{id}/fulfil</c> takes.</summary>
internal sealed record FulfilRequest(FulfilmentStep? Step, Guid? EventId = null);

/// <summary>The event that was published.</summary>
internal sealed record PublishedEvent(Guid EventId, string Type, string Topic);

/// <summary>The mode, and single events by hand.</summary>
internal static partial class SimulationEndpoints
{
    private const decimal MaxAmount = 9_999_999_999_999_999.99m;

    /// <summary>How long a payment waits for what tells its order's total: the order may be placed just now.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Maps <c>/mode</c> and <c>/orders/{id}/…</c>.</summary>
    public static void MapSimulation(this IEndpointRouteBuilder app)
    {
        app.MapGet("/mode", (Simulation simulation) => new ModeBody(simulation.Mode)).WithTags("Mode").WithSummary("The mode");
        app.MapPut("/mode", PutMode).WithTags("Mode").WithSummary("Sets the mode until the next restart");

        var orders = app.MapGroup("/orders/{id}").WithTags("Orders").ProducesProblem(503);
        orders.MapPost("/pay", PayAsync).WithSummary("Publishes payment.succeeded or payment.failed").ProducesProblem(409);
        orders.MapPost("/fulfil", FulfilAsync).WithSummary("Publishes fulfilment.picked, picked-up or delivered");
    }

    private static Results<Ok<ModeBody>, ValidationProblem> PutMode(Simulation simulation, ModeBody body)
    {
        if (body.Mode is not { } mode)
        {
            return Invalid("mode", "auto or manual.");
        }

        simulation.Mode = mode;
        return TypedResults.Ok(body);
    }

    private static async Task<Results<Accepted<PublishedEvent>, ValidationProblem, ProblemHttpResult>> PayAsync(
        Simulation simulation,
        EventPublisher publisher,
        TimeProvider time,
        HttpResponse response,
        Guid id,
        PayRequest body,
        CancellationToken cancellationToken)
    {
        var errors = new Dictionary<string, string[]>();
        if (body.Outcome is null)
        {
            errors["outcome"] = ["succeeded or failed."];
        }

        if (body.Amount is { } amount && (amount is < 0 or > MaxAmount || decimal.Round(amount, 2) != amount))
        {
            errors["amount"] = [$"0 to {MaxAmount} with at most two decimals."];
        }

        if (body.Currency is not null && !CurrencyCode().IsMatch(body.Currency))
        {
            errors["currency"] = ["An ISO 4217 code of three capital letters, such as EUR."];
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(errors);
        }

        var eventId = body.EventId ?? Guid.CreateVersion7();
        if (body.Outcome == PaymentOutcome.Failed)
        {
            return await PublishAsync(publisher, response, SimulatedEvent.PaymentFailed(eventId, id), cancellationToken);
        }

        var total = body is { Amount: not null, Currency: not null } ? null : await FindTotalAsync(simulation, id, time, cancellationToken);
        return (body.Amount ?? total?.Amount, body.Currency ?? total?.Currency) is ({ } paid, { } currency)
            ? await PublishAsync(publisher, response, SimulatedEvent.PaymentSucceeded(eventId, id, new(paid, currency)), cancellationToken)
            : Problems.Of(409, "order-total-unknown", "What the order costs is not known", $"The order.placed event of {id} has not been seen (yet, or not since the start): try again, or give amount and currency.");
    }

    private static async Task<Money?> FindTotalAsync(Simulation simulation, Guid id, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        while (simulation.TotalOf(id) is null && time.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        }

        return simulation.TotalOf(id);
    }

    private static async Task<Results<Accepted<PublishedEvent>, ValidationProblem, ProblemHttpResult>> FulfilAsync(
        EventPublisher publisher, HttpResponse response, Guid id, FulfilRequest body, CancellationToken cancellationToken) =>
        body.Step is { } step
            ? await PublishAsync(publisher, response, SimulatedEvent.Fulfilled(body.EventId ?? Guid.CreateVersion7(), id, step), cancellationToken)
            : Invalid("step", "picked, picked-up or delivered.");

    private static async Task<Results<Accepted<PublishedEvent>, ValidationProblem, ProblemHttpResult>> PublishAsync(
        EventPublisher publisher, HttpResponse response, SimulatedEvent next, CancellationToken cancellationToken)
    {
        try
        {
            await publisher.PublishAsync(next, traceParent: null, cancellationToken);
            return TypedResults.Accepted((string?)null, new PublishedEvent(next.Id, next.Type, next.Topic));
        }
        catch (KafkaException exception)
        {
            response.Headers.RetryAfter = "1";
            return Problems.Of(503, "kafka-unavailable", "Kafka did not take the event", $"{exception.Error.Reason}. Try again with the eventId {next.Id}.");
        }
    }

    private static ValidationProblem Invalid(string field, string message) =>
        Problems.Invalid(new Dictionary<string, string[]> { [field] = [message] });

    [GeneratedRegex("^[A-Z]{3}\\z")]
    private static partial Regex CurrencyCode();
}
