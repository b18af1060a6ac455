using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json;

namespace OrderService.Tests.Shop;

/// <summary>An event of a stream.</summary>
internal sealed record StreamedEvent(int Id, JsonElement Data)
{
    public string To => Data.GetProperty("to").GetString()!;
}

/// <summary>An open stream of server-sent events, read as it comes.</summary>
internal sealed class EventStream : IDisposable
{
    private readonly ConcurrentQueue<StreamedEvent> _events = new();
    private int _heartbeats;

    private EventStream(HttpResponseMessage response)
    {
        Response = response;
        Ended = ReadAsync();
    }

    public HttpResponseMessage Response { get; }

    public IReadOnlyList<StreamedEvent> Events => [.. _events];

    public int Heartbeats => Volatile.Read(ref _heartbeats);

    /// <summary>Completes when the server ends the stream, and fails when the connection breaks.</summary>
    public Task Ended { get; }

    public static async Task<EventStream> OpenAsync(HttpClient api, HttpRequestMessage request)
    {
        var response = await api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType?.ToString()));
        return new EventStream(response);
    }

    /// <summary>The events once the last one tells of this status.</summary>
    public Task<IReadOnlyList<StreamedEvent>> WaitAsync(string status) =>
        Eventually.SeeAsync(() => Events, seen => seen is [.., var last] && last.To == status, $"an event that tells of {status}");

    public void Dispose() => Response.Dispose();

    private async Task ReadAsync()
    {
        using var reader = new StreamReader(await Response.Content.ReadAsStreamAsync());
        var (id, data) = (0, "");
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(':'))
            {
                Interlocked.Increment(ref _heartbeats);
            }
            else if (line.StartsWith("id: ", StringComparison.Ordinal))
            {
                id = int.Parse(line["id: ".Length..], CultureInfo.InvariantCulture);
            }
            else if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                data = line["data: ".Length..];
            }
            else if (line.Length > 0)
            {
                throw new InvalidDataException($"Not expected in this stream: {line}");
            }
            else if (data.Length > 0)
            {
                _events.Enqueue(new StreamedEvent(id, JsonDocument.Parse(data).RootElement));
                data = "";
            }
        }
    }
}
