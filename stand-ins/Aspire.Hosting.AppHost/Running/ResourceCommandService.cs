using Aspire.Hosting.Local;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>How a command ended.</summary>
public sealed class ExecuteCommandResult
{
    public required bool Success { get; init; }
    public bool Canceled { get; init; }
    public string? Message { get; init; }
}

/// <summary>Results of commands.</summary>
public static class CommandResults
{
    public static ExecuteCommandResult Success() => new() { Success = true };

    public static ExecuteCommandResult Success(string message) => new() { Success = true, Message = message };

    public static ExecuteCommandResult Canceled() => new() { Success = false, Canceled = true };

    public static ExecuteCommandResult Failure(string? errorMessage = null) => new() { Success = false, Message = errorMessage };

    public static ExecuteCommandResult Failure(Exception exception) => Failure(exception.Message);
}

/// <summary>Starts, stops and restarts resources on demand.</summary>
public class ResourceCommandService
{
    private readonly LocalHost _host;

    internal ResourceCommandService(LocalHost host) => _host = host;

    public Task<ExecuteCommandResult> ExecuteCommandAsync(IResource resource, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteAsync(process => process.Resource == resource, resource.Name, commandName, cancellationToken);

    public Task<ExecuteCommandResult> ExecuteCommandAsync(string resourceId, string commandName, CancellationToken cancellationToken = default) =>
        ExecuteAsync(
            process => process.Id.Equals(resourceId, StringComparison.OrdinalIgnoreCase)
                || process.Resource.Name.Equals(resourceId, StringComparison.OrdinalIgnoreCase),
            resourceId, commandName, cancellationToken);

    private async Task<ExecuteCommandResult> ExecuteAsync(
        Func<ResourceProcess, bool> selected, string name, string commandName, CancellationToken cancellationToken)
    {
        var processes = _host.Processes.Where(selected).ToList();
        if (processes.Count == 0)
        {
            return CommandResults.Failure($"There is no resource '{name}' that can be started or stopped.");
        }

        Func<ResourceProcess, Task>? command = commandName switch
        {
            "start" => process => process.StartAsync(cancellationToken),
            "stop" => process => process.StopAsync(cancellationToken),
            "restart" => async process =>
            {
                await process.StopAsync(cancellationToken);
                await process.StartAsync(cancellationToken);
            },
            _ => null,
        };
        if (command is null)
        {
            return CommandResults.Failure($"'{name}' has no command '{commandName}'.");
        }

        try
        {
            await Task.WhenAll(processes.Select(command));
            return CommandResults.Success();
        }
        catch (DistributedApplicationException exception)
        {
            return CommandResults.Failure(exception);
        }
        catch (OperationCanceledException)
        {
            return CommandResults.Canceled();
        }
    }
}
