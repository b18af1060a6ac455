using System.ComponentModel;
using System.Diagnostics;

namespace OrderService.AppHost;

/// <summary>Asks for a container runtime before the model is built, since Aspire itself only looks for one when it starts containers.</summary>
internal static class ContainerRuntime
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>The name of the runtime that answers, or <c>null</c>.</summary>
    /// <param name="wished">The one that Aspire is told to use (<c>ASPIRE_CONTAINER_RUNTIME</c>), or <c>null</c> for any.</param>
    public static string? Find(string? wished)
    {
        string[] candidates = string.IsNullOrWhiteSpace(wished) ? ["docker", "podman"] : [wished];
        return candidates.FirstOrDefault(Answers);
    }

    private static bool Answers(string runtime)
    {
        try
        {
            using var info = Process.Start(new ProcessStartInfo(runtime, "info") { RedirectStandardOutput = true, RedirectStandardError = true })!;
            // Read and dropped, so that a talkative runtime does not block.
            info.BeginOutputReadLine();
            info.BeginErrorReadLine();
            if (info.WaitForExit(_patience))
            {
                return info.ExitCode == 0;
            }

            info.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }
}
