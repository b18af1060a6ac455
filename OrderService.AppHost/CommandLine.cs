namespace OrderService.AppHost;

/// <summary>The short options of this AppHost. All other arguments are settings, <c>--name=value</c> or <c>--name value</c>.</summary>
internal static class CommandLine
{
    /// <summary>Puts the settings that they stand for in place of the short options.</summary>
    /// <exception cref="InfrastructureException">An option is unknown, or two contradict each other.</exception>
    public static string[] ToSettings(string[] args)
    {
        var settings = new List<string>();
        string? infrastructure = null;

        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--containers" or "--embedded" when infrastructure is not null && infrastructure != args[i]:
                    throw new InfrastructureException("--containers and --embedded contradict each other: give one of them, or none to have it chosen.");
                case "--containers" or "--embedded":
                    infrastructure = args[i];
                    settings.Add($"--{Infrastructure.Setting}={infrastructure.TrimStart('-')}");
                    break;
                case "--fresh":
                    settings.Add($"--{Infrastructure.FreshSetting}=true");
                    break;
                case var pair when pair.Contains('='):
                    settings.Add(pair);
                    break;
                case var name when name.StartsWith('-') && i + 1 < args.Length && !args[i + 1].StartsWith('-'):
                    settings.AddRange([name, args[++i]]);
                    break;
                default:
                    throw new InfrastructureException(
                        $"""
                        Unknown option '{args[i]}'. There are:
                          --embedded     PostgreSQL, Redis and Kafka from this machine's own programs
                          --containers   the same in containers
                          --fresh        start with empty data
                          --name=value   any setting, for instance --Worker:Replicas=2
                        """);
            }
        }

        return [.. settings];
    }
}
