using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

/// <summary>
/// Tells the bench what a measured process knows about itself. .NET runs it at the start of each process that has this assembly in
/// <c>DOTNET_STARTUP_HOOKS</c>. It listens on the Unix socket <c>&lt;process id&gt;.sock</c> in the folder <c>BENCH_PROBE</c>; whoever
/// connects says in one byte what is asked for:
/// <list type="table">
/// <item><term><c>a</c></term><description>Bytes allocated since the start. Costs one sleeping thread.</description></item>
/// <item>
/// <term><c>s</c></term>
/// <description>A line for each message that was acknowledged since the last question: key, and the system's monotonic time in ticks. Only
/// where <c>BENCH_SENT</c> names the source of its spans, of which each message costs one then.</description>
/// </item>
/// </list>
/// </summary>
internal static class StartupHook
{
    private static readonly ConcurrentQueue<(object? Key, long At)> Sent = new();

    /// <summary>Called by the runtime, by this name.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("BENCH_PROBE") is not { Length: > 0 } folder)
        {
            return;
        }

        if (Environment.GetEnvironmentVariable("BENCH_SENT") is { Length: > 0 } source)
        {
            ActivitySource.AddActivityListener(new()
            {
                ShouldListenTo = candidate => candidate.Name == source,
                Sample = (ref ActivityCreationOptions<ActivityContext> options) =>
                    options.Kind == ActivityKind.Producer ? ActivitySamplingResult.PropagationData : ActivitySamplingResult.None,
                ActivityStopped = Note,
            });
        }

        new Thread(() => Answer(Path.Combine(folder, $"{Environment.ProcessId}.sock"))) { IsBackground = true, Name = "bench probe" }.Start();
    }

    private static void Note(Activity sent)
    {
        if (sent.Status != ActivityStatusCode.Error)
        {
            Sent.Enqueue((sent.GetTagItem("messaging.kafka.message.key"), Stopwatch.GetTimestamp()));
        }
    }

    private static void Answer(string path)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var question = new byte[1];
        while (true)
        {
            using var client = new NetworkStream(listener.Accept(), ownsSocket: true);
            if (client.Read(question) == 0)
            {
                continue;
            }

            using var answer = new StreamWriter(client, Encoding.ASCII);
            if (question[0] == 's')
            {
                while (Sent.TryDequeue(out var message))
                {
                    answer.Write(string.Create(CultureInfo.InvariantCulture, $"{message.Key} {message.At}\n"));
                }
            }
            else
            {
                answer.Write(string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalAllocatedBytes(precise: true)}\n"));
            }
        }
    }
}
