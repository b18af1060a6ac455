namespace OrderService.Api.Clients;

/// <summary>Something that the request needs is away, after all retries. Answered with 503.</summary>
/// <param name="dependency">Its resource name.</param>
/// <param name="message">What is wrong, in a sentence without secrets: the client reads it.</param>
/// <param name="cause">What happened.</param>
internal sealed class DependencyUnavailableException(string dependency, string message, Exception? cause = null) : Exception(message, cause)
{
    /// <summary>Its resource name.</summary>
    public string Dependency { get; } = dependency;
}
