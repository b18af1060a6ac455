using System.Text.Json;
using System.Text.Json.Serialization;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting;

/// <summary>One way to launch a project, from its <c>Properties/launchSettings.json</c>.</summary>
public sealed class LaunchProfile
{
    [JsonPropertyName("commandName")]
    public string? CommandName { get; set; }

    [JsonPropertyName("commandLineArgs")]
    public string? CommandLineArgs { get; set; }

    [JsonPropertyName("applicationUrl")]
    public string? ApplicationUrl { get; set; }

    [JsonPropertyName("environmentVariables")]
    public Dictionary<string, string> EnvironmentVariables { get; set; } = [];
}

/// <summary>All ways to launch a project.</summary>
public sealed class LaunchSettings
{
    private static readonly JsonSerializerOptions Reading = new() { ReadCommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    [JsonPropertyName("profiles")]
    public Dictionary<string, LaunchProfile> Profiles { get; set; } = [];

    /// <summary>Reads the settings of the project in the folder; none when it has no such file.</summary>
    internal static LaunchSettings? OfProjectIn(string folder)
    {
        var path = Path.Combine(folder, "Properties", "launchSettings.json");
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            using var file = File.OpenRead(path);
            return JsonSerializer.Deserialize<LaunchSettings>(file, Reading);
        }
        catch (JsonException exception)
        {
            throw new DistributedApplicationException($"{path} can't be read: {exception.Message}", exception);
        }
    }
}

/// <summary>How a project's launch profile is chosen.</summary>
public class ProjectResourceOptions
{
    public string? LaunchProfileName { get; set; }
    public bool ExcludeLaunchProfile { get; set; }
    public bool ExcludeKestrelEndpoints { get; set; }
}

/// <summary>.NET projects of the same repository.</summary>
public static class ProjectResourceBuilderExtensions
{
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(this IDistributedApplicationBuilder builder, [ResourceName] string name)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, _ => { });

    /// <summary>Adds a project without launch profile when the profile's name is null.</summary>
    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, string? launchProfileName)
        where TProject : IProjectMetadata, new() => builder.AddProject<TProject>(name, options =>
        {
            options.ExcludeLaunchProfile = launchProfileName is null;
            options.LaunchProfileName = launchProfileName;
        });

    public static IResourceBuilder<ProjectResource> AddProject<TProject>(
        this IDistributedApplicationBuilder builder, [ResourceName] string name, Action<ProjectResourceOptions> configure)
        where TProject : IProjectMetadata, new()
    {
        var options = new ProjectResourceOptions();
        configure(options);
        var project = new TProject();
        var resource = builder.AddResource(new ProjectResource(name)).WithAnnotation(project);
        return options.ExcludeLaunchProfile ? resource : resource.WithLaunchProfile(project, options.LaunchProfileName);
    }

    public static IResourceBuilder<ProjectResource> WithReplicas(this IResourceBuilder<ProjectResource> builder, int replicas) =>
        builder.WithAnnotation(new ReplicaAnnotation(replicas), ResourceAnnotationMutationBehavior.Replace);

    private static IResourceBuilder<ProjectResource> WithLaunchProfile(
        this IResourceBuilder<ProjectResource> builder, IProjectMetadata project, string? requestedName)
    {
        var settings = project.LaunchSettings ?? LaunchSettings.OfProjectIn(Path.GetDirectoryName(project.ProjectPath)!);
        var profiles = settings?.Profiles ?? [];
        var ambient = builder.ApplicationBuilder.Configuration["AppHost:DefaultLaunchProfileName"]
            ?? builder.ApplicationBuilder.Configuration["DOTNET_LAUNCH_PROFILE"];
        var name = requestedName
            ?? (ambient is not null && profiles.ContainsKey(ambient) ? ambient : null)
            ?? profiles.FirstOrDefault(profile => profile.Value.CommandName == "Project").Key;
        if (name is null)
        {
            return builder;
        }

        if (!profiles.TryGetValue(name, out var chosen))
        {
            throw new DistributedApplicationException(
                $"'{builder.Resource.Name}' has no launch profile '{name}'; see Properties/launchSettings.json beside {project.ProjectPath}.");
        }

        builder.WithAnnotation(new LaunchProfileAnnotation(name));
        foreach (var address in (chosen.ApplicationUrl ?? "").Split(';', StringSplitOptions.RemoveEmptyEntries).Select(BindingAddress))
        {
            builder.WithEndpoint(port: address.Port == 0 ? null : address.Port, scheme: address.Scheme);
        }

        builder.WithEnvironment(context =>
        {
            foreach (var (key, value) in chosen.EnvironmentVariables)
            {
                context.EnvironmentVariables.TryAdd(key, Environment.ExpandEnvironmentVariables(value));
            }
        });
        return string.IsNullOrWhiteSpace(chosen.CommandLineArgs)
            ? builder
            : builder.WithArgs([.. chosen.CommandLineArgs.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
    }

    private static Uri BindingAddress(string url) => new(url.Trim().Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal));
}
