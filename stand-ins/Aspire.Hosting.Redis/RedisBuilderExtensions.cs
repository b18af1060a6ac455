using System.Globalization;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting
{
    /// <summary>Redis in a container, in the model only.</summary>
    public static class RedisBuilderExtensions
    {
        public static IResourceBuilder<RedisResource> AddRedis(this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port) =>
            builder.AddRedis(name, port, password: null);

        public static IResourceBuilder<RedisResource> AddRedis(
            this IDistributedApplicationBuilder builder, [ResourceName] string name, int? port = null, IResourceBuilder<ParameterResource>? password = null)
        {
            var redis = new RedisResource(
                name, password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password", special: false));
            var key = $"{name}_check";
            builder.Services.AddHealthChecks().AddRedis(
                _ => redis.ConnectionStringExpression.GetValueAsync(default).AsTask().GetAwaiter().GetResult()!, key);
            return builder.AddResource(redis)
                .WithEndpoint(port: port, targetPort: 6379, name: "tcp")
                .WithImage("library/redis", "8.6")
                .WithHealthCheck(key);
        }

        public static IResourceBuilder<RedisResource> WithDataVolume(
            this IResourceBuilder<RedisResource> builder, string? name = null, bool isReadOnly = false) =>
            builder.WithVolume(name ?? $"{builder.Resource.Name}-data", "/data", isReadOnly);

        public static IResourceBuilder<RedisResource> WithDataBindMount(this IResourceBuilder<RedisResource> builder, string source, bool isReadOnly = false) =>
            builder.WithBindMount(source, "/data", isReadOnly);

        /// <summary>Snapshots to disk, every interval in which so many keys changed.</summary>
        public static IResourceBuilder<RedisResource> WithPersistence(
            this IResourceBuilder<RedisResource> builder, TimeSpan? interval = null, long keysChangedThreshold = 1) =>
            builder.WithArgs(
                "--save",
                (interval ?? TimeSpan.FromMinutes(1)).TotalSeconds.ToString(CultureInfo.InvariantCulture),
                keysChangedThreshold.ToString(CultureInfo.InvariantCulture));

        public static IResourceBuilder<RedisResource> WithHostPort(this IResourceBuilder<RedisResource> builder, int? port) =>
            builder.WithEndpoint("tcp", endpoint => endpoint.Port = port);
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A Redis server.</summary>
    public class RedisResource(string name) : ContainerResource(name), IResourceWithConnectionString
    {
        private EndpointReference? _primaryEndpoint;

        public RedisResource(string name, ParameterResource password) : this(name) => PasswordParameter = password;

        public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new EndpointReference(this, "tcp");
        public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);
        public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);
        public ParameterResource? PasswordParameter { get; }

        public ReferenceExpression ConnectionStringExpression => PasswordParameter is { } password
            ? ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)},password={password}")
            : ReferenceExpression.Create($"{PrimaryEndpoint.Property(EndpointProperty.HostAndPort)}");
    }
}
