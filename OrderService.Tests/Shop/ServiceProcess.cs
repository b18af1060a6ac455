using System.Diagnostics;

namespace OrderService.Tests.Shop;

/// <summary>One more process of the API or the worker, beside those of the graph and on the same servers, with settings of its own.</summary>
internal abstract class ServiceProcess : IDisposable
{
    private const string Listening = "Now listening on: ";

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly TaskCompletionSource<Uri> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    protected ServiceProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => Note(line.Data);
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    /// <summary>Whether it ended, by whatever cause.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Both of its streams so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    /// <summary>Its address once it listens.</summary>
    public async Task<Uri> ListenAsync()
    {
        var end = _process.WaitForExitAsync();
        if (await Task.WhenAny(_address.Task, end).WaitAsync(Eventually.Deadline) == end)
        {
            Assert.Fail($"The process ended: {Output}");
        }

        return await _address.Task;
    }

    /// <summary>Asks it to stop, as a host does, and returns its exit code.</summary>
    public Task<int> StopAsync()
    {
        ProcessTree.Stop(Id);
        return EndAsync();
    }

    public virtual void Dispose()
    {
        if (!_process.HasExited)
        {
            ProcessTree.Kill(Id);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>Its exit code once it ended, and has told all.</summary>
    protected async Task<int> EndAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Eventually.Deadline);
        return _process.ExitCode;
    }

    /// <summary>How to start a program; a setting that is given twice is the last one.</summary>
    protected static ProcessStartInfo StartInfo(string program, string folder, IEnumerable<(string Setting, string Value)> settings)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder, program)])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["ASPNETCORE_URLS"] = "http://127.0.0.1:0" },
        };
        foreach (var (setting, value) in settings)
        {
            start.Environment[setting.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        return start;
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Add(line);
        }

        if (line.IndexOf(Listening, StringComparison.Ordinal) is >= 0 and var at)
        {
            // The log is JSON outside Development, so the address ends where its text does.
            _address.TrySetResult(new Uri(line[(at + Listening.Length)..].Split('"')[0].Trim()));
        }
    }
}
