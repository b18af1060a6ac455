namespace Aspire.StackExchange.Redis;

/// <summary>How the Redis client connects and what is observed of it.</summary>
public sealed class StackExchangeRedisSettings
{
    /// <summary>The client's configuration string; <c>ConnectionStrings:{name}</c> takes precedence over the settings section.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Registers no health check.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Records no spans of Redis commands. The stand-in records none in any case.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Connects on first use instead of at start-up; the default.</summary>
    public bool DisableAutoActivation { get; set; } = true;
}
