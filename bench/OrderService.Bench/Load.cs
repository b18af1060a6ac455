using System.Diagnostics;
using System.Net;

namespace OrderService.Bench;

/// <summary>How long the requests of one measurement took.</summary>
/// <param name="Elapsed">Of all together.</param>
/// <param name="Sorted">Of each, ascending.</param>
internal sealed record Timings(TimeSpan Elapsed, TimeSpan[] Sorted)
{
    /// <summary>Requests.</summary>
    public int Count => Sorted.Length;

    /// <summary>Requests per second.</summary>
    public double Rate => Count / Elapsed.TotalSeconds;

    /// <summary>Milliseconds that a share of the requests, 0.99 for instance, took at most.</summary>
    public double Percentile(double share) => Sorted[Math.Min(Count - 1, (int)(share * Count))].TotalMilliseconds;
}

/// <summary>Makes a client's next request.</summary>
/// <param name="client">Number of the client, from 0.</param>
/// <param name="number">Number of the request among all of this client's, from 0.</param>
internal delegate HttpRequestMessage NextRequest(int client, long number);

/// <summary>
/// Closed-loop clients of one server: each sends its next request when it has read the last answer whole. All share one handler, which
/// holds as many connections as there are clients.
/// </summary>
internal sealed class Load(Uri address) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler
    {
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
    })
    {
        BaseAddress = address,
    };

    private long[] _numbers = [];

    /// <summary>Runs the clients for a time.</summary>
    /// <exception cref="BenchException">An answer had another status than expected.</exception>
    public async Task<Timings> RunAsync(int clients, TimeSpan length, NextRequest next, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        if (_numbers.Length < clients)
        {
            Array.Resize(ref _numbers, clients);
        }

        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var taken = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(
            async () =>
            {
                var times = new List<long>(100_000);
                for (var begun = Stopwatch.GetTimestamp(); begun < end;)
                {
                    await SendAsync(next(client, _numbers[client]++), expected, cancellationToken);
                    var done = Stopwatch.GetTimestamp();
                    times.Add(done - begun);
                    begun = done;
                }

                return times;
            },
            cancellationToken)));
        var elapsed = Stopwatch.GetElapsedTime(start);
        var sorted = taken.SelectMany(times => times).Select(ticks => Stopwatch.GetElapsedTime(0, ticks)).ToArray();
        Array.Sort(sorted);
        return new(elapsed, sorted);
    }

    /// <summary>Sends one request and reads its answer whole.</summary>
    /// <exception cref="BenchException">The answer has another status than expected.</exception>
    public async Task SendAsync(HttpRequestMessage request, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        using (request)
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (answer.StatusCode != expected)
            {
                throw new BenchException(
                    $"{request.Method} {request.RequestUri} was answered with {(int)answer.StatusCode} instead of {(int)expected}: "
                    + await answer.Content.ReadAsStringAsync(cancellationToken));
            }

            await answer.Content.CopyToAsync(Stream.Null, cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
