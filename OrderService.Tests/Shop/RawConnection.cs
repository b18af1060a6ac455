using System.Net.Sockets;
using System.Text;

namespace OrderService.Tests.Shop;

/// <summary>A TCP connection to the API, for what an HTTP client would not send.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };

    public static async Task<RawConnection> OpenAsync(Uri api)
    {
        var connection = new RawConnection();
        await connection._socket.ConnectAsync(api.Host, api.Port);
        return connection;
    }

    /// <summary>Sends one text and returns what comes until the server closes the connection.</summary>
    public static async Task<string> TalkAsync(Uri api, string text)
    {
        using var connection = await OpenAsync(api);
        await connection.SendAsync(text);
        return await connection.ReadToEndAsync();
    }

    public Task SendAsync(string text) => _socket.SendAsync(Encoding.Latin1.GetBytes(text)).WaitAsync(Eventually.Deadline);

    /// <summary>What comes until the server closes or breaks the connection.</summary>
    public async Task<string> ReadToEndAsync()
    {
        var seen = new StringBuilder();
        while (await ReadAsync() is { Length: > 0 } part)
        {
            seen.Append(part);
        }

        return seen.ToString();
    }

    /// <summary>What comes next; empty at the end.</summary>
    public async Task<string> ReadAsync()
    {
        var buffer = new byte[16 * 1024];
        try
        {
            return Encoding.Latin1.GetString(buffer, 0, await _socket.ReceiveAsync(buffer).WaitAsync(Eventually.Deadline));
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionReset)
        {
            return "";
        }
    }

    public void Dispose() => _socket.Dispose();
}
