using System.Runtime.Versioning;

namespace OrderService.AppHost.Embedded;

/// <summary>Gets missing programs from the system's package manager: by itself where it may, otherwise by telling how.</summary>
[UnsupportedOSPlatform("windows")]
internal static class PackageManager
{
    // Debian's packages ask this program whether to start the service that they bring; 101 means no.
    private const string PolicyFile = "/usr/sbin/policy-rc.d";
    private const string Forbid = "#!/bin/sh\nexit 101\n";

    private static readonly (string Program, string Command)[] _managers =
    [
        ("apt-get", "apt-get install -y --no-install-recommends"),
        ("dnf", "dnf install -y"),
        ("apk", "apk add"),
        ("brew", "brew install"),
    ];

    /// <summary>Installs what a program needs.</summary>
    /// <param name="what">The program, for the message.</param>
    /// <param name="packageFor">The package's name, given the package manager's.</param>
    /// <exception cref="InfrastructureException">It can't be installed from here; the message has the command that does it.</exception>
    public static void Install(string what, Func<string, string> packageFor)
    {
        var (manager, command) = _managers.FirstOrDefault(candidate => Tool.Find(candidate.Program) is not null);
        if (manager is null)
        {
            throw new InfrastructureException($"{what} is not installed. Install it and have its programs in the PATH, or start a container runtime.");
        }

        command = $"{command} {packageFor(manager)}";
        if (manager != "apt-get" || !Environment.IsPrivilegedProcess)
        {
            var sudo = manager == "brew" || Environment.IsPrivilegedProcess ? "" : "sudo ";
            throw new InfrastructureException($"{what} is not installed. Install it: {sudo}{command}\nOr start a container runtime.");
        }

        Console.WriteLine($"{what} is not installed: {command}");
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
