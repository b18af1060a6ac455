using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost;

/// <summary>The ports that launch profiles fix.</summary>
internal static class FixedPorts
{
    /// <summary>Ends the start where another program has one of them, which Aspire would wait for without a word.</summary>
    public static void RefuseTakenPorts(this IDistributedApplicationBuilder builder)
    {
        // Tests get free ports instead.
        if (builder.ExecutionContext.IsPublishMode || builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts"))
        {
            return;
        }

        builder.Eventing.Subscribe<BeforeStartEvent>((start, _) =>
        {
            var taken = from project in start.Model.Resources.OfType<ProjectResource>()
                        from endpoint in project.Annotations.OfType<EndpointAnnotation>()
                        where endpoint.Port is { } port && IsTaken(port)
                        select $"Port {endpoint.Port}, which '{project.Name}' needs, is taken by another program.";
            var problems = taken.ToList();
            return problems.Count == 0
                ? Task.CompletedTask
                : throw new InfrastructureException(
                    $"{string.Join('\n', problems)}\nEnd that program, or change the port in the project's Properties/launchSettings.json.");
        });
    }

    private static bool IsTaken(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port);
        try
        {
            listener.Start();
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return true;
        }
    }
}
