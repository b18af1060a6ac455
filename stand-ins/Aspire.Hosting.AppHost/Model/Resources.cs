using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A program on this machine.</summary>
    public class ExecutableResource : Resource, IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
    {
        public ExecutableResource(string name, string command, string workingDirectory) : base(name)
        {
            ArgumentException.ThrowIfNullOrEmpty(command);
            ArgumentNullException.ThrowIfNull(workingDirectory);
            Annotations.Add(new ExecutableAnnotation { Command = command, WorkingDirectory = workingDirectory });
        }

        public string Command => Executable.Command;
        public string WorkingDirectory => Executable.WorkingDirectory;

        private ExecutableAnnotation Executable => Annotations.OfType<ExecutableAnnotation>().Last();
    }

    /// <summary>A .NET project of the same repository.</summary>
    public class ProjectResource(string name)
        : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithServiceDiscovery, IResourceWithWaitSupport, IComputeResource;

    /// <summary>A container. The stand-ins have it in the model only; they run none.</summary>
    public class ContainerResource(string name, string? entrypoint = null)
        : Resource(name), IResourceWithEnvironment, IResourceWithArgs, IResourceWithEndpoints, IResourceWithWaitSupport, IComputeResource
    {
        public string? Entrypoint { get; set; } = entrypoint;
    }

    /// <summary>A value from configuration (<c>Parameters:name</c>), or one made when there is none.</summary>
    public class ParameterResource : Resource, IValueProvider, IManifestExpressionProvider
    {
        private readonly Lazy<string> _value;

        public ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false) : base(name)
        {
            _value = new Lazy<string>(() => callback(Default));
            Secret = secret;
        }

        public ParameterDefault? Default { get; set; }
        public string? Description { get; set; }
        public bool Secret { get; }
        public bool IsConnectionString { get; set; }
        public string ValueExpression => $"{{{Name}.value}}";

        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken) => new(_value.Value);
    }

    /// <summary>A connection string as a parameter.</summary>
    internal sealed class ConnectionStringParameterResource : ParameterResource, IResourceWithConnectionString
    {
        public ConnectionStringParameterResource(string name, Func<ParameterDefault?, string> callback, string? environmentVariableName)
            : base(name, callback, secret: true)
        {
            ConnectionStringEnvironmentVariable = environmentVariableName;
            IsConnectionString = true;
        }

        public string? ConnectionStringEnvironmentVariable { get; }

        public ReferenceExpression ConnectionStringExpression => ReferenceExpression.Create($"{(ParameterResource)this}");
    }

    /// <summary>How a parameter without a configured value gets one.</summary>
    public abstract class ParameterDefault
    {
        public abstract string GetDefaultValue();
    }

    /// <summary>A value that the AppHost has.</summary>
    internal sealed class ConstantParameterDefault(Func<string> valueGetter) : ParameterDefault
    {
        public override string GetDefaultValue() => valueGetter();
    }

    /// <summary>A random value.</summary>
    public sealed class GenerateParameterDefault : ParameterDefault
    {
        public int MinLength { get; set; } = 22;
        public bool Lower { get; set; } = true;
        public bool Upper { get; set; } = true;
        public bool Numeric { get; set; } = true;
        public bool Special { get; set; } = true;

        public override string GetDefaultValue()
        {
            var alphabet = (Lower ? "abcdefghjkmnpqrstuvwxyz" : "") + (Upper ? "ABCDEFGHJKMNPQRSTUVWXYZ" : "")
                + (Numeric ? "0123456789" : "") + (Special ? "-_.{}~()*+!" : "");
            return RandomNumberGenerator.GetString(alphabet, Math.Max(MinLength, 1));
        }
    }
}

namespace Aspire.Hosting
{
    /// <summary>A service that is run elsewhere.</summary>
    public sealed class ExternalServiceResource : Resource
    {
        public ExternalServiceResource(string name, ParameterResource urlParameter) : base(name) => UrlParameter = urlParameter;

        public ParameterResource? UrlParameter { get; }
    }

    /// <summary>A resource whose endpoints others find by its name.</summary>
    public interface IResourceWithServiceDiscovery : IResourceWithEndpoints;

    /// <summary>What the build knows of a project. The classes in the namespace <c>Projects</c> implement it.</summary>
    public interface IProjectMetadata : IResourceAnnotation
    {
        string ProjectPath { get; }
        LaunchSettings? LaunchSettings => null;
        bool SuppressBuild => false;
    }

    /// <summary>Where the build put a project's program. Of the stand-ins only: they run it without <c>dotnet run</c>.</summary>
    public interface IBuiltProject
    {
        string TargetPath { get; }
    }
}
