using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;
using OrderService.Core;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Worker.Outbox;

/// <summary>Tells the Product service that an order's reserved stock is sold, or free again in part or whole. All calls are idempotent there.</summary>
internal sealed class ReservationSender(IHttpClientFactory clients) : IOutboxSender, IDisposable
{
    /// <summary>Calls that may be under way at once.</summary>
    private const int Concurrency = 16;

    private static readonly string Commit = EventCatalog.NameOf<CommitReservation>();
    private static readonly string Reduce = EventCatalog.NameOf<ReduceReservation>();
    private static readonly string Release = EventCatalog.NameOf<ReleaseReservation>();

    private readonly SemaphoreSlim _places = new(Concurrency);

    public OutboxChannel Channel => OutboxChannel.Reservations;

    /// <summary>
    /// When a relay dies that has sent a commit and the release after it, both are sent again, and what was released can't be committed any more.
    /// </summary>
    public string? Conclusion => Release;

    public void Send(OutboxRow row, IDelivery delivery, CancellationToken cancellationToken) => _ = SendAsync(row, delivery, cancellationToken);

    private async Task SendAsync(OutboxRow row, IDelivery delivery, CancellationToken cancellationToken)
    {
        try
        {
            await _places.WaitAsync(cancellationToken);
            try
            {
                await CallAsync(row, cancellationToken);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (Exception e)
        {
            delivery.Fail(e);
            return;
        }

        delivery.Acknowledge();
    }

    private async Task CallAsync(OutboxRow row, CancellationToken cancellationToken)
    {
        ActivityContext.TryParse(Text(row.TraceParent), Text(row.TraceState), isRemote: true, out var cause);
        using var activity = OrderTelemetry.Source.StartActivity($"send {row.Type}", ActivityKind.Internal, cause);

        var reservation = $"/api/reservations/{row.OrderId}";
        using var request = row.Type == Commit ? new HttpRequestMessage(HttpMethod.Post, $"{reservation}/commit")
            : row.Type == Reduce ? new HttpRequestMessage(HttpMethod.Patch, reservation) { Content = WhatStays(row) }
            : row.Type == Release ? new HttpRequestMessage(HttpMethod.Delete, reservation)
            : throw new UnsendableException($"The Product service has no call for '{row.Type}'.");
        using var products = clients.CreateClient(ResourceNames.Products);
        using var response = await products.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        var answer = $"The Product service answered {(int)response.StatusCode} to {request.Method} {request.RequestUri?.AbsolutePath}: "
            + await response.Content.ReadAsStringAsync(cancellationToken);
        activity?.SetStatus(ActivityStatusCode.Error, answer);
        throw IsFinal(response.StatusCode) ? new UnsendableException(answer) : new HttpRequestException(answer, null, response.StatusCode);
    }

    public void Dispose() => _places.Dispose();

    private static string? Text(byte[]? utf8) => utf8 is null ? null : Encoding.UTF8.GetString(utf8);

    private static JsonContent WhatStays(OutboxRow row)
    {
        using var command = JsonDocument.Parse(row.Payload);
        return JsonContent.Create(new { Items = command.RootElement.GetProperty("items").Clone() });
    }

    /// <summary>A refusal of this very request; anything else may pass.</summary>
    private static bool IsFinal(HttpStatusCode status) =>
        (int)status is >= 400 and < 500 && status is not (HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
            or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden);
}
