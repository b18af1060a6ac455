using System.Globalization;
using System.Runtime.Versioning;

namespace OrderService.AppHost.Embedded;

/// <summary>The user that PostgreSQL runs as where the application runs as root, which PostgreSQL refuses to.</summary>
[UnsupportedOSPlatform("windows")]
internal sealed class UnprivilegedUser
{
    private readonly string _name;
    private readonly string _ids;
    private readonly string[] _drop;

    private UnprivilegedUser(string name, string uid, string gid)
    {
        _name = name;
        _ids = $"{uid}:{gid}";
        _drop = ["setpriv", $"--reuid={uid}", $"--regid={gid}", "--clear-groups"];
    }

    /// <summary><c>null</c> where the application does not run as root.</summary>
    /// <exception cref="InfrastructureException">This machine has no such user, or not the program that changes to it.</exception>
    public static UnprivilegedUser? Find()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var user = File.ReadLines("/etc/passwd").Select(line => line.Split(':'))
            .Where(fields => fields is ["postgres" or "nobody", ..])
            .OrderByDescending(fields => fields[0])
            .FirstOrDefault();
        return user is not null && Tool.Find("setpriv") is not null
            ? new UnprivilegedUser(user[0], user[2], user[3])
            : throw new InfrastructureException(
                "PostgreSQL does not run as root, and this machine lacks what it takes to change to another user: a user 'postgres' or 'nobody', and the program setpriv of util-linux. Start the application as an ordinary user.");
    }

    /// <summary>Makes the user the owner of a file, or of a folder with all that is in it.</summary>
    public void Own(string path) => Tool.Run(["chown", "-R", _ids, path]);

    /// <summary>The words before a command that is to run as this user and work in a folder.</summary>
    /// <exception cref="InfrastructureException">The user can't reach the folder.</exception>
    public string[] CommandPrefix(string folder)
    {
        if (ClosedParent(folder) is not { } closed)
        {
            return [.. _drop, "--"];
        }

        // Below /root, for instance. One capability of root's opens the way, and files stay their owners'.
        return Capability() is { } capability
            ? [.. _drop, $"--inh-caps=+{capability}", $"--ambient-caps=+{capability}", "--"]
            : throw new InfrastructureException(
                $"PostgreSQL does not run as root, and the user '{_name}' may not enter {closed}. Give another folder with --Embedded:DataPath=<folder>, or open this one: chmod o+x {closed}");
    }

    private static string? ClosedParent(string folder)
    {
        for (var parent = Directory.GetParent(folder); parent is not null; parent = parent.Parent)
        {
            if (parent.Exists && !parent.UnixFileMode.HasFlag(UnixFileMode.OtherExecute))
            {
                return parent.FullName;
            }
        }

        return null;
    }

    /// <summary>The least of the capabilities that open closed folders, of those that this process has to give.</summary>
    private static string? Capability()
    {
        const int DacOverride = 1;
        const int DacReadSearch = 2;
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var held = File.ReadLines("/proc/self/status").Where(line => line.StartsWith("CapPrm:", StringComparison.Ordinal))
            .Select(line => ulong.Parse(line.AsSpan("CapPrm:".Length).Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture))
            .FirstOrDefault();
        return (held >> DacReadSearch & 1) == 1 ? "dac_read_search"
            : (held >> DacOverride & 1) == 1 ? "dac_override"
            : null;
    }
}
