using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;

namespace Aspire.Hosting
{
    /// <summary>PostgreSQL in a container, in the model only.</summary>
    public static class PostgresBuilderExtensions
    {
        public static IResourceBuilder<PostgresServerResource> AddPostgres(
            this IDistributedApplicationBuilder builder,
            [ResourceName] string name,
            IResourceBuilder<ParameterResource>? userName = null,
            IResourceBuilder<ParameterResource>? password = null,
            int? port = null)
        {
            var server = new PostgresServerResource(
                name, userName?.Resource, password?.Resource ?? ParameterResourceBuilderExtensions.CreateDefaultPasswordParameter(builder, $"{name}-password"));
            var key = $"{name}_check";
            builder.Services.AddHealthChecks().AddNpgSql(
                _ => ((IResourceWithConnectionString)server).ConnectionStringExpression.GetValueAsync(default).AsTask().GetAwaiter().GetResult()!, name: key);
            return builder.AddResource(server)
                .WithEndpoint(port: port, targetPort: 5432, name: "tcp")
                .WithImage("library/postgres", "18.3")
                .WithHealthCheck(key);
        }

        public static IResourceBuilder<PostgresDatabaseResource> AddDatabase(
            this IResourceBuilder<PostgresServerResource> builder, [ResourceName] string name, string? databaseName = null) =>
            builder.ApplicationBuilder.AddResource(new PostgresDatabaseResource(name, databaseName ?? name, builder.Resource));

        public static IResourceBuilder<PostgresServerResource> WithDataVolume(
            this IResourceBuilder<PostgresServerResource> builder, string? name = null, bool isReadOnly = false) =>
            builder.WithVolume(name ?? $"{builder.Resource.Name}-data", "/var/lib/postgresql", isReadOnly);

        public static IResourceBuilder<PostgresServerResource> WithDataBindMount(
            this IResourceBuilder<PostgresServerResource> builder, string source, bool isReadOnly = false) =>
            builder.WithBindMount(source, "/var/lib/postgresql", isReadOnly);

        public static IResourceBuilder<PostgresServerResource> WithHostPort(this IResourceBuilder<PostgresServerResource> builder, int? port) =>
            builder.WithEndpoint("tcp", endpoint => endpoint.Port = port);
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A PostgreSQL server.</summary>
    public class PostgresServerResource(string name, ParameterResource? userName, ParameterResource password)
        : ContainerResource(name), IResourceWithConnectionString
    {
        private EndpointReference? _primaryEndpoint;

        public EndpointReference PrimaryEndpoint => _primaryEndpoint ??= new EndpointReference(this, "tcp");
        public EndpointReferenceExpression Host => PrimaryEndpoint.Property(EndpointProperty.Host);
        public EndpointReferenceExpression Port => PrimaryEndpoint.Property(EndpointProperty.Port);
        public ParameterResource? UserNameParameter { get; set; } = userName;
        public ParameterResource PasswordParameter { get; set; } = password;

        public ReferenceExpression UserNameReference =>
            UserNameParameter is { } parameter ? ReferenceExpression.Create($"{parameter}") : ReferenceExpression.Create($"postgres");

        public ReferenceExpression ConnectionStringExpression =>
            ReferenceExpression.Create($"Host={Host};Port={Port};Username={UserNameReference};Password={PasswordParameter}");
    }

    /// <summary>A database of a PostgreSQL server.</summary>
    public class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
        : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString
    {
        public PostgresServerResource Parent { get; } = postgresParentResource;
        public string DatabaseName { get; } = databaseName;
        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{Parent.ConnectionStringExpression};Database={DatabaseName}");
    }
}
