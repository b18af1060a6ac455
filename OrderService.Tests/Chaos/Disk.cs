using System.Diagnostics;

namespace OrderService.Tests.Chaos;

/// <summary>A small disk in memory, mounted where a folder was; it takes root to have one.</summary>
internal sealed class Disk : IDisposable
{
    private const string Size = "1g";

    private readonly string _folder;

    private Disk(string folder) => _folder = folder;

    private string Ballast => Path.Combine(_folder, "ballast");

    /// <summary>Mounts a disk on an empty folder; <c>null</c> where that is not allowed.</summary>
    public static Disk? Mount(string folder) =>
        OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess && Run("mount", "-t", "tmpfs", "-o", $"size={Size},mode=0755", "tmpfs", folder)
            ? new Disk(folder)
            : null;

    /// <summary>Takes every byte that is left.</summary>
    public void Fill()
    {
        var left = new DriveInfo(_folder).AvailableFreeSpace;
        using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 1);
        using var handle = File.OpenHandle($"{Ballast}-large", FileMode.Create, FileAccess.Write, preallocationSize: Math.Max(left - (1 << 20), 0));
        var page = new byte[4096];
        try
        {
            while (true)
            {
                ballast.Write(page);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Empty()
    {
        File.Delete(Ballast);
        File.Delete($"{Ballast}-large");
    }

    public void Dispose() => Run("umount", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
