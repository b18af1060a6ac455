using System.Net;
using System.Net.Sockets;

namespace KafkaBroker;

/// <summary>
/// The port that was asked for, in front of a broker that insists on a port of its own choice. The broker advertises this one, so all
/// traffic comes through here: the connection string is known before the broker runs, and a broker that is started again is found by
/// the clients of the old one, which stay away for long when the advertised port changes.
/// </summary>
internal sealed class BrokerPort : IDisposable
{
    private readonly TcpListener _listener;

    /// <summary>Takes the port at once, so that no one else, the broker included, can pick it.</summary>
    /// <exception cref="SocketException">The port is taken.</exception>
    public BrokerPort(int port)
    {
        _listener = new TcpListener(IPAddress.Loopback, port);
        _listener.Start();
    }

    /// <summary>Where clients connect.</summary>
    public IPEndPoint Address => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Connects every caller with the broker until stopped.</summary>
    public async Task ForwardToAsync(IPEndPoint broker, CancellationToken stop)
    {
        while (true)
        {
            var caller = await _listener.AcceptTcpClientAsync(stop);
            _ = ForwardAsync(caller, broker, stop);
        }
    }

    public void Dispose() => _listener.Dispose();

    private static async Task ForwardAsync(TcpClient caller, IPEndPoint broker, CancellationToken stop)
    {
        using (caller)
        using (var onward = new TcpClient { NoDelay = true })
        {
            try
            {
                caller.NoDelay = true;
                await onward.ConnectAsync(broker, stop);
                var there = caller.GetStream().CopyToAsync(onward.GetStream(), stop);
                var back = onward.GetStream().CopyToAsync(caller.GetStream(), stop);
                await await Task.WhenAny(there, back);
            }
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException)
            {
                // One side hung up, or the broker stops: both connections end, and the client tries again by itself.
            }
        }
    }
}
