using System.Globalization;
using System.Net.Sockets;
using System.Text;

/// <summary>
/// Tells the bench what the runtime of a measured process knows about itself. .NET runs it at the start of each process that has this
/// assembly in <c>DOTNET_STARTUP_HOOKS</c>; it costs one sleeping thread. Whoever connects to the Unix socket <c>&lt;process id&gt;.sock</c>
/// in the folder <c>BENCH_PROBE</c> gets one line: bytes allocated since the start, collections of generation 2, bytes of the heap.
/// </summary>
internal static class StartupHook
{
    /// <summary>Called by the runtime, by this name.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable("BENCH_PROBE") is { Length: > 0 } folder)
        {
            new Thread(() => Answer(Path.Combine(folder, $"{Environment.ProcessId}.sock"))) { IsBackground = true, Name = "bench probe" }.Start();
        }
    }

    private static void Answer(string path)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        while (true)
        {
            using var client = listener.Accept();
            client.Send(Encoding.ASCII.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $"{GC.GetTotalAllocatedBytes(precise: true)} {GC.CollectionCount(2)} {GC.GetTotalMemory(false)}\n")));
        }
    }
}
