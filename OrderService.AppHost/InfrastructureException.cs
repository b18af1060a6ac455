namespace OrderService.AppHost;

/// <summary>Something about this machine or the command line keeps the application from starting.</summary>
/// <param name="message">What is wrong and what to do about it, for the person who starts the application.</param>
/// <param name="cause">What was caught, if anything.</param>
internal sealed class InfrastructureException(string message, Exception? cause = null) : Exception(message, cause);
