using System.Text.RegularExpressions;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Rules;

/// <summary>The documents lead to files and to each other; what is renamed takes its links along.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_link_of_a_document_leads_to_a_file()
    {
        var root = Documents.Repository();
        string[] folders = [".", "docs", "docs/decisions", "stand-ins", "OrderService.Client"];
        var documents = folders.SelectMany(folder => Directory.EnumerateFiles(Path.Combine(root, folder), "*.md")).ToList();
        Assert.Contains(documents, document => Path.GetFileName(document) == "CONTRIBUTING.md");

        var broken =
            from document in documents
            from link in Link().Matches(Code().Replace(File.ReadAllText(document), ""))
            let target = Path.Combine(Path.GetDirectoryName(document)!, Uri.UnescapeDataString(link.Groups["target"].Value))
            where !File.Exists(target) && !Directory.Exists(target)
            select $"{Path.GetRelativePath(root, document)}: {link.Groups["target"].Value}";

        Assert.Empty(broken);
    }

    /// <summary>A link within the repository, without the heading that it may name.</summary>
    [GeneratedRegex(@"\]\((?!\w+:)(?<target>[^)#\s]+)[^)]*\)", RegexOptions.ExplicitCapture)]
    private static partial Regex Link();

    [GeneratedRegex("```.*?```", RegexOptions.Singleline)]
    private static partial Regex Code();
}
