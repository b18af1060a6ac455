using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Local;

/// <summary>Gives every endpoint its port before anything starts.</summary>
internal static class Ports
{
    // Below the range from which systems take the ports of outgoing connections: a port found free stays free.
    private const int First = 20_000;
    private const int Last = 32_000;

    private static readonly string[] SocketTables = ["/proc/net/tcp", "/proc/net/tcp6"];
    private static readonly ConcurrentDictionary<int, bool> Given = new();

    /// <exception cref="DistributedApplicationException">Fixed ports are taken; the message names each with its owner.</exception>
    public static void Allocate(DistributedApplicationModel model, bool randomize)
    {
        var endpoints = (from resource in model.Resources
                         from endpoint in resource.Annotations.OfType<EndpointAnnotation>()
                         where endpoint.AllocatedEndpoint is null
                         let port = randomize && endpoint.IsProxied ? null : resource is ProjectResource ? endpoint.Port ?? endpoint.TargetPort : endpoint.TargetPort ?? endpoint.Port
                         select (resource, endpoint, port)).ToList();

        var taken = (from item in endpoints
                     where item.port is { } port && !IsFree(port)
                     select $"  {item.port}, which '{item.resource.Name}' needs, is taken by {Owner(item.port!.Value)}. {Advice(item.resource)}").ToList();
        if (taken.Count > 0)
        {
            throw new DistributedApplicationException(
                $"{(taken.Count == 1 ? "A port is" : "Ports are")} taken, so nothing was started:\n{string.Join('\n', taken)}");
        }

        var wantedTwice = endpoints.Where(item => item.port is not null).GroupBy(item => item.port).FirstOrDefault(group => group.Count() > 1);
        if (wantedTwice is not null)
        {
            throw new DistributedApplicationException(
                $"Port {wantedTwice.Key} is wanted by {string.Join(" and ", wantedTwice.Select(item => $"'{item.resource.Name}'"))}; give one of them another.");
        }

        foreach (var (resource, endpoint, port) in endpoints)
        {
            endpoint.AllocatedEndpoint = new AllocatedEndpoint(endpoint, endpoint.TargetHost is "0.0.0.0" or "*" or "+" ? "localhost" : endpoint.TargetHost, port ?? Free());
            endpoint.ReplicaPorts = [.. Enumerable.Range(1, Math.Max(0, resource.GetReplicaCount() - 1)).Select(_ => Free())];
        }
    }

    /// <summary>A port that nobody listens on and that this process has not given away before.</summary>
    public static int Free()
    {
        for (var attempt = 0; attempt < 1_000; attempt++)
        {
            var port = Random.Shared.Next(First, Last);
            if (Given.TryAdd(port, true) && IsFree(port))
            {
                return port;
            }
        }

        throw new DistributedApplicationException($"There is no free port between {First} and {Last}.");
    }

    public static bool IsFree(int port) => CanListen(IPAddress.Any, port) && CanListen(IPAddress.Loopback, port)
        && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    private static bool CanListen(IPAddress address, int port)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = false;
            }

            socket.Bind(new IPEndPoint(address, port));
            socket.Listen(1);
            return true;
        }
        catch (SocketException exception)
        {
            return exception.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }

    private static string Advice(IResource resource) => resource is ProjectResource
        ? "End that process, or change applicationUrl in the project's Properties/launchSettings.json."
        : "End that process, or give the endpoint another port.";

    private static string Owner(int port)
    {
        if (OwningProcess(port) is not { } pid)
        {
            return OperatingSystem.IsLinux() ? "a process of another user" : "another process";
        }

        return string.Create(CultureInfo.InvariantCulture, $"process {pid} ({ProcessTree.Describe(pid)})");
    }

    /// <summary>Which process listens on the port, as far as this user may know.</summary>
    private static int? OwningProcess(int port)
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var local = string.Create(CultureInfo.InvariantCulture, $":{port:X4}");
        var sockets = (from file in SocketTables
                       where File.Exists(file)
                       from line in File.ReadLines(file).Skip(1)
                       let fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                       where fields[1].EndsWith(local, StringComparison.Ordinal) && fields[3] == "0A"
                       select $"socket:[{fields[9]}]").ToHashSet();
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process.AsSpan()), NumberStyles.None, CultureInfo.InvariantCulture, out var pid))
            {
                continue;
            }

            try
            {
                if (Directory.EnumerateFiles($"{process}/fd").Any(file => File.ResolveLinkTarget(file, returnFinalTarget: false) is { } target && sockets.Contains(target.Name)))
                {
                    return pid;
                }
            }
            catch (UnauthorizedAccessException)
            {
                // Another user's.
            }
            catch (IOException)
            {
                // It has ended meanwhile.
            }
        }

        return null;
    }
}
