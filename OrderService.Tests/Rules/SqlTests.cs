using System.Text.RegularExpressions;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Rules;

/// <summary>
/// SQL is text of ours with parameters in it. The build's analyzers (CA2100, EF1002, EF1003 in .editorconfig) see it where a text becomes a
/// command; here are the ways around them.
/// </summary>
public sealed partial class SqlTests
{
    private static readonly string[] Projects = ["OrderService.Api", "OrderService.Core", "OrderService.Worker", "OrderService.ServiceDefaults"];

    [Fact]
    public void No_statement_takes_a_way_around_the_analyzers()
    {
        var root = Documents.Repository();
        var sources = Projects
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(root, project), "*.cs", SearchOption.AllDirectories))
            .Select(file => (File: Path.GetRelativePath(root, file), Text: File.ReadAllText(file)))
            .ToList();
        Assert.Contains(sources, source => source.Text.Contains("CreateCommand()", StringComparison.Ordinal));
        var rules = File.ReadAllText(Path.Combine(root, ".editorconfig"));
        Assert.All(["CA2100", "EF1002", "EF1003"], rule => Assert.Contains($"dotnet_diagnostic.{rule}.severity = error", rules, StringComparison.Ordinal));

        Assert.Empty(
            from source in sources
            from found in WayAround().Matches(source.Text)
            select $"{source.File}: {found.Value}");
    }

    /// <summary>A command made with its text by a data source, text in place of EF Core's parameters, and scripts for Redis with values in them.</summary>
    [GeneratedRegex(@"\.CreateCommand\([^)].*|\b(FromSqlRaw|ExecuteSqlRaw(Async)?|SqlQueryRaw)\b.*|new NpgsqlBatchCommand\(.*|ScriptEvaluate(Async)?\(\s*\$.*|\bLoadScript\b.*")]
    private static partial Regex WayAround();
}
