using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace KafkaBroker;

/// <summary>
/// The port that was asked for, for a broker that insists on a port of its own choice: the connection string is known before the broker
/// runs, and a broker that is started again is found by the clients of the old one, which stay away for long when its port changes.
/// librdkafka has no setting for it, so the socket that its broker listens on is exchanged for this one.
/// </summary>
internal sealed partial class BrokerPort : IDisposable
{
    /// <summary>More than a process of this kind ever has open.</summary>
    private const int MostDescriptors = 1_024;

    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };

    /// <summary>Takes the port at once, so that no one else, the broker included, can pick it.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public BrokerPort(int port)
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen();
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Has a broker that nobody is connected to yet listen here from now on, and no longer where it chose to.</summary>
    /// <exception cref="InvalidOperationException">This process does not listen where the broker is said to.</exception>
    public void GiveTo(IPEndPoint broker)
    {
        for (var descriptor = 0; descriptor < MostDescriptors; descriptor++)
        {
            // Its file is exchanged and its number stays, by which the broker waits and accepts.
            if (PortOf(descriptor) == broker.Port && Duplicate((int)_listener.Handle, descriptor) == descriptor)
            {
                return;
            }
        }

        throw new InvalidOperationException($"Nothing in this process listens on {broker}.");
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>The local port of a descriptor that is a socket with one.</summary>
    private static unsafe int? PortOf(int descriptor)
    {
        // sockaddr_in: the port is its second word, in the network's byte order, on Linux and macOS alike.
        var address = stackalloc byte[128];
        var length = 128u;
        return NameOf(descriptor, address, &length) == 0 && length == 16 ? (address[2] << 8) | address[3] : null;
    }

    [LibraryImport("libc", EntryPoint = "getsockname")]
    private static unsafe partial int NameOf(int descriptor, byte* address, uint* length);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Duplicate(int from, int to);
}
