using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using KafkaBroker;

// For every answer to a consumer librdkafka's broker goes through all that it keeps, of each partition it is asked for: few of them are fast.
const int PartitionsPerTopic = 4;

if (args is not [var portText, .. var topics] || !ushort.TryParse(portText, out var port))
{
    await Console.Error.WriteLineAsync("Usage: KafkaBroker <port> [<topic> ...]");
    return 64;
}

using var stop = new CancellationTokenSource();
using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

try
{
    using var front = new BrokerPort(port);
    using var cluster = new MockCluster();
    front.GiveTo(cluster.Address);

    // Who puts a proxy of its own in front names the proxy's port, so that all traffic goes through it.
    cluster.Advertise(ushort.TryParse(Environment.GetEnvironmentVariable("ADVERTISED_PORT"), out var advertised)
        ? new IPEndPoint(IPAddress.Loopback, advertised)
        : front.Address);
    foreach (var topic in topics)
    {
        cluster.CreateTopic(topic, PartitionsPerTopic);
    }

    Console.WriteLine($"Kafka broker listening on {front.Address}, in memory: its records are gone when it stops");
    await Task.Delay(Timeout.InfiniteTimeSpan, stop.Token);
    return 0;
}
catch (OperationCanceledException)
{
    return 0;
}
catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
{
    await Console.Error.WriteLineAsync($"Port {port} is taken by another program");
    return 1;
}
catch (Exception e) when (e is InvalidOperationException or DllNotFoundException)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 1;
}

void Stop(PosixSignalContext signal)
{
    signal.Cancel = true;
    stop.Cancel();
}
