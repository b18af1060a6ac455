using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace OrderService.AppHost.Embedded;

/// <summary>
/// The folder with the embedded servers' data, <c>Embedded:DataPath</c>, by default <c>artifacts/data</c>. It belongs to one running
/// application at a time, and is kept between runs.
/// </summary>
internal sealed class DataFolder(string path, bool fresh) : IDisposable
{
    private const int MiB = 1024 * 1024;
    private const int LeastFreeBytes = 256 * MiB;
    private const string ChooseAnother = "Another folder can be given with --Embedded:DataPath=<folder>.";

    private readonly List<ServerFolder> _servers = [];
    private FileStream? _lock;

    /// <summary>The folder's full path.</summary>
    public string Path { get; } = path;

    /// <summary>Whether the data of earlier runs is to be deleted.</summary>
    public bool Fresh { get; } = fresh;

    /// <summary>Settles which folder it is, and has it taken when the application starts.</summary>
    public static DataFolder Add(IDistributedApplicationBuilder builder)
    {
        var path = builder.Configuration["Embedded:DataPath"] is { Length: > 0 } configured
            ? System.IO.Path.GetFullPath(configured)
            : System.IO.Path.GetFullPath("../artifacts/data", builder.AppHostDirectory);
        var folder = new DataFolder(path, builder.Configuration.GetValue<bool>(Infrastructure.FreshSetting));

        builder.Services.AddSingleton(_ => folder);
        builder.Eventing.Subscribe<BeforeStartEvent>((@event, _) =>
        {
            // From the services, which give the folder back when the application is over.
            @event.Services.GetRequiredService<DataFolder>().Take();
            return Task.CompletedTask;
        });
        return folder;
    }

    /// <summary>The subfolder for a server's data; it exists once the application starts.</summary>
    /// <param name="server">The server's name.</param>
    /// <param name="pidFile">The file in it whose first line is the server's process while it runs.</param>
    public string For(string server, string pidFile)
    {
        var folder = new ServerFolder(System.IO.Path.Combine(Path, server), pidFile);
        _servers.Add(folder);
        return folder.Path;
    }

    /// <inheritdoc/>
    public void Dispose() => _lock?.Dispose();

    private void Take()
    {
        var owner = System.IO.Path.Combine(Path, "in-use-by");
        try
        {
            Directory.CreateDirectory(Path);
            using (File.Create(System.IO.Path.Combine(Path, $"probe-{Environment.ProcessId}"), bufferSize: 1, FileOptions.DeleteOnClose))
            {
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InfrastructureException($"The data folder {Path} can't be written to. {e.Message} {ChooseAnother}", e);
        }

        try
        {
            _lock = new FileStream(System.IO.Path.Combine(Path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            var whose = File.Exists(owner) ? File.ReadAllText(owner) : "starting right now";
            throw new InfrastructureException($"The data folder {Path} is in use by another AppHost ({whose}). Stop that one. {ChooseAnother}", e);
        }

        if (new DriveInfo(Path).AvailableFreeSpace is var free and < LeastFreeBytes)
        {
            throw new InfrastructureException(
                $"The disk of the data folder {Path} has {free / MiB} MiB left and the servers need {LeastFreeBytes / MiB}. Make room. {ChooseAnother}");
        }

        File.WriteAllText(owner, $"process {Environment.ProcessId}");
        foreach (var server in _servers)
        {
            server.AwaitEndOfFormerProcess();
            if (Fresh && Directory.Exists(server.Path))
            {
                Directory.Delete(server.Path, recursive: true);
            }

            Directory.CreateDirectory(server.Path);
        }
    }

    private sealed record ServerFolder(string Path, string PidFile)
    {
        // A server whose AppHost was killed is ended by Aspire, and needs a moment for that.
        private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
        private readonly string _pidFile = System.IO.Path.Combine(Path, PidFile);

        public void AwaitEndOfFormerProcess()
        {
            var since = Stopwatch.GetTimestamp();
            while (FormerProcess() is { } pid)
            {
                if (Stopwatch.GetElapsedTime(since) > _patience)
                {
                    throw new InfrastructureException($"Process {pid}, left over from an earlier run, still works with {Path}. End it: kill {pid}");
                }

                Thread.Sleep(TimeSpan.FromMilliseconds(200));
            }

            // PostgreSQL takes any process of that number for its predecessor, a dead one that nobody has reaped included.
            if (OperatingSystem.IsLinux() && File.Exists(_pidFile))
            {
                File.Delete(_pidFile);
            }
        }

        private int? FormerProcess() =>
            int.TryParse(FirstLine(), CultureInfo.InvariantCulture, out var pid)
            && new FileInfo($"/proc/{pid}/cwd").LinkTarget == System.IO.Path.GetDirectoryName(_pidFile)
            ? pid
            : null;

        private string? FirstLine()
        {
            try
            {
                return File.ReadLines(_pidFile).FirstOrDefault();
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                // No server was here, or it takes its file away this moment.
                return null;
            }
        }
    }
}
