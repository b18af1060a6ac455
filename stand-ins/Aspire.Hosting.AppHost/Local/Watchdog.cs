using System.Diagnostics;
using System.Globalization;

namespace Aspire.Hosting.Local;

/// <summary>
/// A shell that waits for the host's end of a pipe to close, and then ends all that the host started: nothing outlives a host that was
/// killed outright. Linux only, elsewhere it does nothing.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private const string Script = """
        leaders=
        while read -r pid; do [ "$pid" = done ] && exit 0; leaders="$leaders $pid"; done
        for signal in TERM KILL; do
          [ $signal = KILL ] && sleep 3
          for pid in $leaders; do kill -s $signal -- "-$pid" 2>/dev/null; done
          for file in $(grep -lsF "$0" /proc/[0-9]*/environ); do
            pid=${file#/proc/}; pid=${pid%/environ}
            kill -s $signal "$pid" 2>/dev/null
          done
        done
        """;

    private readonly Lock _lock = new();
    private Process? _shell;

    public Watchdog(string hostId)
    {
        if (!OperatingSystem.IsLinux() || ManagedProcess.FindCommand("setsid", "/") is not { } setsid)
        {
            return;
        }

        var start = new ProcessStartInfo(setsid, ["sh", "-c", Script, $"{ProcessTree.Marker}={hostId}/"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        _shell = Process.Start(start);
    }

    /// <summary>Has the process, leader of its own session, ended with the host.</summary>
    public void Guard(int pid) => Tell(pid.ToString(CultureInfo.InvariantCulture));

    public void Dispose()
    {
        Tell("done");
        lock (_lock)
        {
            _shell?.Dispose();
            _shell = null;
        }
    }

    private void Tell(string line)
    {
        try
        {
            lock (_lock)
            {
                _shell?.StandardInput.WriteLine(line);
                _shell?.StandardInput.Flush();
            }
        }
        catch (IOException)
        {
            // The shell is gone; the host itself still stops everything.
        }
    }
}
