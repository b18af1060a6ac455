using System.Diagnostics;
using System.Net;

namespace OrderService.Bench;

/// <summary>How long the operations of one measurement took.</summary>
/// <param name="Elapsed">All together.</param>
/// <param name="Count">How many there were.</param>
/// <param name="Sorted">Each, ascending; none where only the whole is timed.</param>
internal sealed record Timings(TimeSpan Elapsed, int Count, TimeSpan[] Sorted)
{
    /// <summary>Operations per second.</summary>
    public double Rate => Count / Elapsed.TotalSeconds;

    /// <summary>Timings of operations that were timed one by one.</summary>
    public static Timings Of(TimeSpan elapsed, IEnumerable<TimeSpan> each)
    {
        var sorted = each.Order().ToArray();
        return new(elapsed, sorted.Length, sorted);
    }

    /// <summary>Milliseconds that a share of the operations, 0.99 for instance, took at most.</summary>
    public double Percentile(double share) => Sorted[Math.Min(Sorted.Length - 1, (int)(share * Sorted.Length))].TotalMilliseconds;
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
        Timeout = TimeSpan.FromMinutes(10),
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
        return Timings.Of(Stopwatch.GetElapsedTime(start), taken.SelectMany(times => times).Select(ticks => Stopwatch.GetElapsedTime(0, ticks)));
    }

    /// <summary>
    /// Offers requests at a rate, whatever becomes of them: each client sends its next one when its time has come, and is late only while the
    /// last one is not answered. Those refused with 503 count as offered.
    /// </summary>
    /// <returns>Those that were accepted, and how many were offered.</returns>
    /// <exception cref="BenchException">An answer had neither the expected status nor 503.</exception>
    public async Task<(Timings Accepted, long Offered)> OfferAsync(
        int clients, double rate, TimeSpan length, NextRequest next, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        if (_numbers.Length < clients)
        {
            Array.Resize(ref _numbers, clients);
        }

        var interval = (long)(clients / rate * Stopwatch.Frequency);
        var start = Stopwatch.GetTimestamp();
        var end = start + (long)(length.TotalSeconds * Stopwatch.Frequency);
        var offered = 0L;
        var taken = await Task.WhenAll(Enumerable.Range(0, clients).Select(client => Task.Run(
            async () =>
            {
                var times = new List<long>();
                for (var due = start + (interval * client / clients); due < end; due = Math.Max(due + interval, Stopwatch.GetTimestamp() - interval))
                {
                    if (due - Stopwatch.GetTimestamp() is > 0 and var wait)
                    {
                        await Task.Delay(TimeSpan.FromSeconds((double)wait / Stopwatch.Frequency), cancellationToken);
                    }

                    Interlocked.Increment(ref offered);
                    var begun = Stopwatch.GetTimestamp();
                    using var request = next(client, _numbers[client]++);
                    using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                    await answer.Content.CopyToAsync(Stream.Null, cancellationToken);
                    if (answer.StatusCode == expected)
                    {
                        times.Add(Stopwatch.GetTimestamp() - begun);
                    }
                    else if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                    {
                        throw new BenchException($"{request.Method} {request.RequestUri} was answered with {(int)answer.StatusCode}.");
                    }
                }

                return times;
            },
            cancellationToken)));
        return (Timings.Of(Stopwatch.GetElapsedTime(start), taken.SelectMany(times => times).Select(ticks => Stopwatch.GetElapsedTime(0, ticks))), offered);
    }

    /// <summary>Sends one request and reads its answer whole.</summary>
    /// <param name="request">The request.</param>
    /// <param name="expected">The status of its answer.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <param name="mayBeRefused">Whether a 503 will do as well.</param>
    /// <returns>The <c>Location</c> that the answer names; <c>null</c> where it has none, as a refusal.</returns>
    /// <exception cref="BenchException">The answer has another status.</exception>
    public async Task<Uri?> SendAsync(
        HttpRequestMessage request, HttpStatusCode expected, CancellationToken cancellationToken, bool mayBeRefused = false)
    {
        using (request)
        {
            using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (answer.StatusCode != expected && !(mayBeRefused && answer.StatusCode == HttpStatusCode.ServiceUnavailable))
            {
                throw new BenchException(
                    $"{request.Method} {request.RequestUri} was answered with {(int)answer.StatusCode} instead of {(int)expected}: "
                    + await answer.Content.ReadAsStringAsync(cancellationToken));
            }

            await answer.Content.CopyToAsync(Stream.Null, cancellationToken);
            return answer.Headers.Location;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();
}
