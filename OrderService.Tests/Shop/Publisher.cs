using System.Text;
using Confluent.Kafka;

namespace OrderService.Tests.Shop;

/// <summary>Another service that publishes what the order service listens to, well-formed or not.</summary>
internal sealed class Publisher(string bootstrapServers) : IDisposable
{
    /// <summary>Tells Kafka, and who listens in between, which clients are the tests' own.</summary>
    public const string ClientId = "tests";

    private readonly IProducer<string?, byte[]?> _producer = new ProducerBuilder<string?, byte[]?>(
        new ProducerConfig { BootstrapServers = bootstrapServers, ClientId = ClientId, EnableIdempotence = true, MessageMaxBytes = 4_000_000 }).Build();

    public Task PaymentSucceededAsync(Guid orderId, decimal amount, string? eventId = null) => SendAsync(
        "cloudforge.payments", "io.cloudforge.payment.succeeded.v1", orderId,
        FormattableString.Invariant($$"""{"orderId":"{{orderId}}","paymentId":"pay-{{Guid.NewGuid()}}","amount":{{amount}},"currency":"EUR"}"""), eventId);

    public Task PaymentFailedAsync(Guid orderId, string? eventId = null) => SendAsync(
        "cloudforge.payments", "io.cloudforge.payment.failed.v1", orderId,
        $$"""{"orderId":"{{orderId}}","paymentId":"pay-{{Guid.NewGuid()}}","reason":"Card declined"}""", eventId);

    /// <param name="step"><c>picked</c>, <c>picked-up</c> or <c>delivered</c>.</param>
    /// <param name="orderId">The order.</param>
    /// <param name="eventId">The event's id; a new one if none is given.</param>
    public Task FulfilledAsync(string step, Guid orderId, string? eventId = null) => SendAsync(
        "cloudforge.fulfilment", $"io.cloudforge.fulfilment.{step}.v1", orderId, $$"""{"orderId":"{{orderId}}"}""", eventId);

    public Task SendAsync(string topic, string? type, Guid orderId, string body, string? eventId = null) =>
        SendAsync(topic, orderId.ToString(), Encoding.UTF8.GetBytes(body), new()
        {
            ["ce_specversion"] = "1.0",
            ["ce_id"] = eventId ?? Guid.CreateVersion7().ToString(),
            ["ce_type"] = type,
            ["ce_source"] = "/tests",
            ["ce_subject"] = orderId.ToString(),
            ["ce_time"] = "2026-11-22T10:00:00Z",
            ["content-type"] = "application/json",
        });

    public async Task SendAsync(string topic, string? key, byte[]? body, Dictionary<string, string?> headers)
    {
        var sent = new Headers();
        foreach (var (name, value) in headers.Where(header => header.Value is not null))
        {
            sent.Add(name, Encoding.UTF8.GetBytes(value!));
        }

        await _producer.ProduceAsync(topic, new Message<string?, byte[]?> { Key = key, Value = body, Headers = sent });
    }

    public void Dispose() => _producer.Dispose();
}
