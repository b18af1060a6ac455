using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace OrderService.Tests.Chaos;

/// <summary>Sees what passes a link, and says whether it may.</summary>
internal interface IWatcher
{
    /// <summary>Some bytes of a connection, in the order of their coming. Where the answer is no, the connection is cut instead.</summary>
    ValueTask<bool> MayPassAsync(Link link, long connection, bool isAnswer, ReadOnlyMemory<byte> bytes);

    /// <summary>A connection is over.</summary>
    void End(Link link, long connection);
}

/// <summary>A TCP proxy on loopback between a process and one of its servers, whose connections can be cut, slowed and watched.</summary>
internal sealed class Link : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<long, (Socket Near, Socket Far)> _connections = new();
    private readonly Task _accepting;
    private Func<int> _target;
    private long _count;

    /// <param name="name">The server's resource name.</param>
    /// <param name="target">Its port, asked for at each connection.</param>
    /// <param name="watcher">Who looks at what passes.</param>
    public Link(string name, Func<int> target, IWatcher? watcher = null)
    {
        (Name, _target, Watcher) = (name, target, watcher);
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Name { get; }

    public IWatcher? Watcher { get; set; }

    /// <summary>Where the process connects.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>What every piece of data waits on its way, in either direction.</summary>
    public TimeSpan Delay { get; set; }

    /// <summary>New connections are reset.</summary>
    public bool IsCut { get; set; }

    /// <summary>Settles the port where it was not known before.</summary>
    public void LeadTo(int port) => _target = () => port;

    /// <summary>Resets all connections that there are.</summary>
    public void CutAll()
    {
        foreach (var connection in _connections.Keys)
        {
            Cut(connection);
        }
    }

    /// <summary>Resets one connection on both of its sides; what was not handed on yet is lost.</summary>
    public void Cut(long connection)
    {
        if (_connections.TryRemove(connection, out var sides))
        {
            Reset(sides.Near);
            Reset(sides.Far);
            Watcher?.End(this, connection);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        CutAll();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var near = await _listener.AcceptSocketAsync(_stop.Token);
            if (IsCut)
            {
                Reset(near);
            }
            else
            {
                _ = ForwardAsync(near);
            }
        }
    }

    private async Task ForwardAsync(Socket near)
    {
        var far = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        near.NoDelay = true;
        var connection = Interlocked.Increment(ref _count);
        _connections[connection] = (near, far);
        try
        {
            await far.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _target()), _stop.Token);
            await await Task.WhenAny(PumpAsync(connection, near, far, isAnswer: false), PumpAsync(connection, far, near, isAnswer: true));

            // One side hung up, and the other learns it in the same way.
            if (_connections.TryRemove(connection, out _))
            {
                near.Dispose();
                far.Dispose();
                Watcher?.End(this, connection);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            Cut(connection);
        }
    }

    private async Task PumpAsync(long connection, Socket from, Socket to, bool isAnswer)
    {
        var buffer = new byte[64 * 1024];
        while (await from.ReceiveAsync(buffer, _stop.Token) is > 0 and var length)
        {
            if (Delay > TimeSpan.Zero)
            {
                await Task.Delay(Delay, TimeProvider.System, _stop.Token);
            }

            if (Watcher is { } watcher && !await watcher.MayPassAsync(this, connection, isAnswer, buffer.AsMemory(0, length)))
            {
                Cut(connection);
                return;
            }

            for (var sent = 0; sent < length;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), _stop.Token);
            }
        }
    }

    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // It is over already.
        }

        socket.Dispose();
    }
}
