using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace OrderService.AppHost;

/// <summary>The ports that launch profiles fix.</summary>
internal static class FixedPorts
{
    // Aspire ends the processes of a run a while after the run itself.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    /// <summary>Ends the start where another program has one of them, which Aspire would wait for without a word.</summary>
    public static void RefuseTakenPorts(this IDistributedApplicationBuilder builder)
    {
        // Tests get free ports instead.
        if (builder.ExecutionContext.IsPublishMode || builder.Configuration.GetValue<bool>("DcpPublisher:RandomizePorts"))
        {
            return;
        }

        builder.Eventing.Subscribe<BeforeStartEvent>(async (start, stop) =>
        {
            var since = Stopwatch.GetTimestamp();
            var told = false;
            while (Taken(start.Model) is { Count: > 0 } taken)
            {
                if (Stopwatch.GetElapsedTime(since) > Patience)
                {
                    throw new InfrastructureException(
                        $"{string.Join('\n', taken.Select(port => $"Port {port.Number}, which '{port.Project}' needs, is taken by another program."))}\n"
                        + "End that program, or change the port in the project's Properties/launchSettings.json.");
                }

                if (!told)
                {
                    Console.WriteLine($"Port {string.Join(", ", taken.Select(port => port.Number))} is taken, maybe by a run that is just ending: waiting up to {Patience.TotalSeconds} s");
                    told = true;
                }

                await Task.Delay(Pause, stop);
            }
        });
    }

    private static List<(int Number, string Project)> Taken(DistributedApplicationModel model) =>
    [
        .. from project in model.Resources.OfType<ProjectResource>()
           from endpoint in project.Annotations.OfType<EndpointAnnotation>()
           let port = endpoint.Port
           where port is not null && IsTaken(port.Value)
           select (port.Value, project.Name),
    ];

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
