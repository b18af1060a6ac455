using System.Runtime.Versioning;

namespace OrderService.AppHost.Embedded;

/// <summary>Gets PostgreSQL and Redis from the system's package manager: by itself where it may, otherwise by telling how.</summary>
[UnsupportedOSPlatform("windows")]
internal static class PackageManager
{
    // Debian's packages ask this program whether to start the service that they bring; 101 means no.
    private const string PolicyFile = "/usr/sbin/policy-rc.d";
    private const string Forbid = "#!/bin/sh\nexit 101\n";

    private static readonly (string Program, string Command)[] _managers =
    [
        ("apt-get", "apt-get install -y --no-install-recommends postgresql redis-server"),
        ("dnf", "dnf install -y postgresql-server redis"),
        ("apk", "apk add postgresql redis"),
        ("brew", "brew install postgresql@18 redis"),
    ];

    /// <summary>Installs both, so that one command or one wait is enough; what is there already stays as it is.</summary>
    /// <param name="missing">The one that was found missing.</param>
    /// <exception cref="InfrastructureException">It can't be installed from here; the message has the command that does it.</exception>
    public static void InstallServers(string missing)
    {
        var (manager, command) = _managers.FirstOrDefault(candidate => Tool.Find(candidate.Program) is not null);
        if (manager is null)
        {
            throw new InfrastructureException($"{missing} is not installed. Install PostgreSQL and Redis and have their programs in the PATH, or start a container runtime.");
        }

        if (manager != "apt-get" || !Environment.IsPrivilegedProcess)
        {
            var sudo = manager == "brew" || Environment.IsPrivilegedProcess ? "" : "sudo ";
            throw new InfrastructureException($"{missing} is not installed. Install what is needed with: {sudo}{command}\nOr start a container runtime.");
        }

        Console.WriteLine($"{missing} is not installed, getting it: {command}");
        var quietly = new Dictionary<string, string> { ["DEBIAN_FRONTEND"] = "noninteractive" };
        Tool.Run(["apt-get", "update"], environment: quietly);
        var forbidding = !File.Exists(PolicyFile);
        try
        {
            if (forbidding)
            {
                File.WriteAllText(PolicyFile, Forbid);
                File.SetUnixFileMode(PolicyFile, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }

            Tool.Run(command.Split(' '), environment: quietly);
        }
        finally
        {
            if (forbidding)
            {
                File.Delete(PolicyFile);
            }
        }
    }
}
