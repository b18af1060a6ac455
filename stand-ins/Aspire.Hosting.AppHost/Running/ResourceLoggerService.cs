using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One line of a resource's output.</summary>
public readonly record struct LogLine(int LineNumber, string Content, bool IsErrorMessage);

/// <summary>The output of every resource: what its process writes, and what the AppHost logs for it.</summary>
public class ResourceLoggerService : IDisposable
{
    private const int Kept = 2_000;
    private readonly ConcurrentDictionary<string, Log> _logs = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Sees every line as it comes.</summary>
    internal Action<string, LogLine>? Sink { get; set; }

    public ILogger GetLogger(IResource resource) => GetLogger(resource.Name);

    public ILogger GetLogger(string resourceName) => new LineLogger(this, resourceName);

    public IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(IResource resource) => WatchAsync(resource.Name);

    /// <summary>The lines so far, then each as it comes, until the application ends.</summary>
    public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync(string resourceName)
    {
        await foreach (var lines in LogOf(resourceName).WatchAsync())
        {
            yield return lines;
        }
    }

    public void Dispose()
    {
        foreach (var log in _logs.Values)
        {
            log.Complete();
        }

        GC.SuppressFinalize(this);
    }

    internal void Write(string resourceName, string content, bool isError) => Sink?.Invoke(resourceName, LogOf(resourceName).Add(content, isError));

    internal IReadOnlyList<string> LastLines(string resourceName, int count) => LogOf(resourceName).Last(count);

    private Log LogOf(string resourceName) => _logs.GetOrAdd(resourceName, _ => new Log());

    private sealed class Log
    {
        private readonly Lock _lock = new();
        private readonly Queue<LogLine> _lines = new();
        private readonly List<Channel<IReadOnlyList<LogLine>>> _watchers = [];
        private int _count;

        public LogLine Add(string content, bool isError)
        {
            lock (_lock)
            {
                var line = new LogLine(++_count, content, isError);
                _lines.Enqueue(line);
                if (_lines.Count > Kept)
                {
                    _lines.Dequeue();
                }

                _watchers.ForEach(watcher => watcher.Writer.TryWrite([line]));
                return line;
            }
        }

        public IReadOnlyList<string> Last(int count)
        {
            lock (_lock)
            {
                return [.. _lines.TakeLast(count).Select(line => line.Content)];
            }
        }

        public async IAsyncEnumerable<IReadOnlyList<LogLine>> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            var channel = Channel.CreateUnbounded<IReadOnlyList<LogLine>>();
            lock (_lock)
            {
                if (_lines.Count > 0)
                {
                    channel.Writer.TryWrite([.. _lines]);
                }

                _watchers.Add(channel);
            }

            try
            {
                await foreach (var lines in channel.Reader.ReadAllAsync(cancellationToken))
                {
                    yield return lines;
                }
            }
            finally
            {
                lock (_lock)
                {
                    _watchers.Remove(channel);
                }
            }
        }

        public void Complete()
        {
            lock (_lock)
            {
                _watchers.ForEach(watcher => watcher.Writer.TryComplete());
            }
        }
    }

    /// <summary>What the AppHost logs for a resource becomes lines of that resource.</summary>
    private sealed class LineLogger(ResourceLoggerService service, string resourceName) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (!IsEnabled(logLevel))
            {
                return;
            }

            var prefix = logLevel switch
            {
                LogLevel.Warning => "warn: ",
                LogLevel.Error => "fail: ",
                LogLevel.Critical => "crit: ",
                _ => "",
            };
            var text = prefix + formatter(state, exception) + (exception is null ? "" : $"\n{exception}");
            foreach (var line in text.Split('\n'))
            {
                service.Write(resourceName, line.TrimEnd('\r'), logLevel >= LogLevel.Error);
            }
        }
    }
}
