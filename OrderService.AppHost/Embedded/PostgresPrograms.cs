using System.Globalization;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;

namespace OrderService.AppHost.Embedded;

/// <summary>PostgreSQL's programs on this machine.</summary>
/// <param name="Folder">Where <c>postgres</c> and <c>initdb</c> are.</param>
/// <param name="Version">The major version, such as 17.</param>
[UnsupportedOSPlatform("windows")]
internal sealed partial record PostgresPrograms(string Folder, int Version)
{
    // Distributions keep them out of the PATH, one folder per version.
    private static readonly string[] _homes =
        ["/usr/lib/postgresql", "/usr/libexec", "/usr", "/opt/homebrew/opt", "/usr/local/opt"];

    /// <summary>The server.</summary>
    public string Server => Path.Combine(Folder, "postgres");

    /// <summary>The program that makes a new cluster.</summary>
    public string InitDb => Path.Combine(Folder, "initdb");

    /// <summary>Finds them, and installs them if there are none.</summary>
    /// <param name="cluster">The data folder: what it holds can only be read by the version that made it.</param>
    /// <exception cref="InfrastructureException">They can't be had, or not in the version of the data.</exception>
    public static PostgresPrograms Find(string cluster)
    {
        if (Newest() is null)
        {
            PackageManager.InstallServers("PostgreSQL");
        }

        var newest = Newest() ?? throw new InfrastructureException("PostgreSQL's programs postgres and initdb are not in any folder known here. Add theirs to the PATH.");
        var versionFile = Path.Combine(cluster, "PG_VERSION");
        if (!File.Exists(versionFile))
        {
            return newest;
        }

        if (!int.TryParse(File.ReadAllText(versionFile), CultureInfo.InvariantCulture, out var version))
        {
            throw new InfrastructureException($"{versionFile} has no version in it, so the data there is damaged. Bring it back from a copy, or start empty with --fresh.");
        }

        return All().FirstOrDefault(programs => programs.Version == version)
            ?? throw new InfrastructureException(
                $"The data in {cluster} was made by PostgreSQL {version}, and this machine has {newest.Version}. Install version {version}, or start empty with --fresh.");
    }

    private static PostgresPrograms? Newest() => All().MaxBy(programs => programs.Version);

    private static IEnumerable<PostgresPrograms> All() =>
        from folder in Folders().Distinct()
        where IsThere(Path.Combine(folder, "postgres")) && IsThere(Path.Combine(folder, "initdb"))
        let version = MajorVersion().Match(Tool.Run([Path.Combine(folder, "postgres"), "--version"]))
        where version.Success
        select new PostgresPrograms(folder, int.Parse(version.ValueSpan, CultureInfo.InvariantCulture));

    private static IEnumerable<string> Folders() =>
    [
        .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        .. _homes.Where(Directory.Exists).SelectMany(Directory.GetDirectories).Select(version => Path.Combine(version, "bin")),
        .. Tool.Find("pg_config") is { } config ? [Tool.Run([config, "--bindir"]).Trim()] : Array.Empty<string>(),
    ];

    // A link to a version that was removed is not a program.
    private static bool IsThere(string program) =>
        File.Exists(program) && File.ResolveLinkTarget(program, returnFinalTarget: true) is not { Exists: false };

    [GeneratedRegex(@"(?<=PostgreSQL\)\s)\d+")]
    private static partial Regex MajorVersion();
}
