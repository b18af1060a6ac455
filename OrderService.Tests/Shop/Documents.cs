using System.Text.RegularExpressions;

namespace OrderService.Tests.Shop;

/// <summary>The repository's documents and deployment files, as they lie beside the tests.</summary>
internal static partial class Documents
{
    /// <summary>The repository that the tests run in.</summary>
    public static string Repository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "OrderService.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        }

        return folder.FullName;
    }

    /// <summary>A document's text.</summary>
    public static string Read(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name));

    /// <summary>A document without its blocks of code.</summary>
    public static string ReadProse(string name) => Block().Replace(Read(name), "");

    /// <summary>The rows of all tables whose first columns have these headings; each row as its cells.</summary>
    public static List<string[]> Rows(string document, params string[] headings)
    {
        var rows = new List<string[]>();
        var isInside = false;
        foreach (var line in Read(document).Split('\n'))
        {
            var cells = line.StartsWith('|') ? line.Trim().Trim('|').Split('|', StringSplitOptions.TrimEntries) : [];
            isInside = cells.Length > 0 && (isInside || cells.Take(headings.Length).SequenceEqual(headings));
            if (isInside && cells[0] != headings[0] && !cells[0].StartsWith("---", StringComparison.Ordinal))
            {
                rows.Add(cells);
            }
        }

        return rows;
    }

    /// <summary>What a text has in code quotes.</summary>
    public static List<string> Quoted(string text) => [.. Code().Matches(text).Select(match => match.Groups[1].Value)];

    /// <summary>The anchors of a document's headings, as GitHub makes them.</summary>
    public static HashSet<string> Anchors(string document) =>
    [
        .. Heading().Matches(ReadProse(document))
            .Select(match => NoAnchor().Replace(match.Groups[1].Value.Trim().ToLowerInvariant(), "").Replace(' ', '-')),
    ];

    [GeneratedRegex("^```.*?^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    [GeneratedRegex("^#+ (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();
}
