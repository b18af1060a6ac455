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

    /// <summary>Takes every byte that is left, whatever others write meanwhile.</summary>
    public void Fill()
    {
        using var ballast = new FileStream(Ballast, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        foreach (var block in new[] { new byte[1 << 20], new byte[1 << 12] })
        {
            try
            {
                while (true)
                {
                    ballast.Write(block);
                }
            }
            catch (IOException)
            {
                // Full, but for what a smaller block may find.
            }
        }
    }

    /// <summary>Gives back what <see cref="Fill"/> took.</summary>
    public void Empty() => File.Delete(Ballast);

    public void Dispose() => Run("umount", _folder);

    private static bool Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
