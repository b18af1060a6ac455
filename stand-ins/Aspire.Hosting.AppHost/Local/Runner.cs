using System.Runtime.InteropServices;

namespace Aspire.Hosting.Local;

/// <summary>Runs an application from a terminal: signals, the one message when it can't run, and the exit code.</summary>
internal static class Runner
{
    /// <returns>False when the application could not run; the reason has been told.</returns>
    public static async Task<bool> RunAsync(DistributedApplication application, LocalHost host, CancellationToken cancellationToken)
    {
        var console = new HostConsole();
        host.Console = console;
        var end = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var signals = 0;
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;
            if (Interlocked.Increment(ref signals) == 1)
            {
                console.Say("Stopping; once more kills everything at once");
                end.TrySetResult();
            }
            else if (context.Signal is PosixSignal.SIGINT or PosixSignal.SIGQUIT)
            {
                host.KillAndForget();
                Environment.Exit(130);
            }
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGQUIT, OnSignal);
        await using var cancelled = cancellationToken.Register(() => end.TrySetResult());
        using var over = new CancellationTokenSource();
        if (Environment.GetEnvironmentVariable("DOTNET_LAUNCH_PROFILE") is not null)
        {
            _ = FollowAsync();
        }

        string? problem = null;
        try
        {
            // Not on this thread: a handler of the AppHost may take its time, and a signal must not wait for it.
            var starting = Task.Run(() => application.StartAsync(cancellationToken), CancellationToken.None);
            if (await Task.WhenAny(starting, end.Task) == starting)
            {
                await starting;
            }

            if (await Task.WhenAny(end.Task, host.CannotGoOn) != end.Task)
            {
                problem = $"Stopped: {await host.CannotGoOn}";
            }
        }
        catch (DistributedApplicationException exception)
        {
            problem = exception.Message;
        }
        catch (OperationCanceledException) when (end.Task.IsCompleted)
        {
            // Asked to end while starting.
        }

        await over.CancelAsync();
        await application.StopAsync(CancellationToken.None);
        if (problem is not null)
        {
            await Console.Error.WriteLineAsync(problem);
        }

        return problem is null;

        // 'dotnet run' sets the variable. When it is killed outright, nobody is left who could end this process.
        async Task FollowAsync()
        {
            try
            {
                await ProcessTree.ParentEndAsync(over.Token);
                console.Say("'dotnet run' was killed, stopping");
                end.TrySetResult();
            }
            catch (OperationCanceledException)
            {
                // The end has begun already.
            }
        }
    }
}
