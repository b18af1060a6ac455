using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace OrderService.Client;

/// <summary>The Order Service. Each method is a route of it; what is no success is an <see cref="OrderServiceException"/>.</summary>
public partial interface IOrderServiceClient
{
    /// <summary>Follows an order live: the history so far, then each transition as it happens, until the order is at its end.</summary>
    /// <param name="id">The order.</param>
    /// <param name="after">The <c>sequence</c> of the last transition that is known already.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="OrderServiceException">There is no such order, for instance.</exception>
    IAsyncEnumerable<OrderTransition> TrackOrderAsync(Guid id, int? after = null, CancellationToken cancellationToken = default);
}

/// <summary>The Order Service over HTTP. Most of it is generated from its OpenAPI document.</summary>
public partial class OrderServiceClient
{
    /// <inheritdoc />
    public virtual async IAsyncEnumerable<OrderTransition> TrackOrderAsync(
        Guid id, int? after = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri($"api/orders/{id}/events", UriKind.Relative));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (after is { } last)
        {
            request.Headers.Add("Last-Event-ID", last.ToString(CultureInfo.InvariantCulture));
        }

        using var response = await _httpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            throw new OrderServiceException(
                $"The service answered {(int)response.StatusCode}.",
                (int)response.StatusCode,
                await response.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false),
                response.Headers.ToDictionary(header => header.Key, header => header.Value),
                null);
        }

        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            yield break;
        }

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        var events = SseParser.Create(body, (_, data) => JsonSerializer.Deserialize<OrderTransition>(data, JsonSerializerSettings)!);
        await foreach (var told in events.EnumerateAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return told.Data;
        }
    }
}
