using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace OrderService.Bench;

/// <summary>The report: what was measured as Markdown, on the console and in files, every single value as CSV, and a plot.</summary>
internal static class Report
{
    /// <summary>Between these lines a document has the report of the run that it tells of.</summary>
    private const string Begin = "<!-- report -->";
    private const string End = "<!-- end of report -->";

    /// <summary>Writes all files.</summary>
    /// <exception cref="BenchException">The document has no place for the report.</exception>
    public static async Task WriteAsync(Results results, Settings settings, TimeSpan took)
    {
        if (results.Samples.Count == 0)
        {
            return;
        }

        var text = Markdown(results, settings, took);
        Console.WriteLine();
        Console.WriteLine(text);
        Directory.CreateDirectory(settings.Output);
        await File.WriteAllTextAsync(Path.Combine(settings.Output, "report.md"), text);
        await File.WriteAllLinesAsync(
            Path.Combine(settings.Output, "rounds.csv"),
            results.Samples
                .Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Scenario},\"{s.Variant}\",{s.Side},{s.Round},{s.Metric},{s.Value:g6}"))
                .Prepend("scenario,variant,side,round,metric,value"));
        Plot.Write(results, settings, Path.Combine(settings.Output, "performance.svg"));
        Console.WriteLine($"Written to {settings.Output}");
        if (settings.Document is { } document)
        {
            await PutIntoAsync(document, text);
            Plot.Write(results, settings, Path.ChangeExtension(document, ".svg"));
            Console.WriteLine($"Put into {document}");
        }
    }

    /// <summary>A value with as many digits as it is worth.</summary>
    public static string Number(double? value) => value switch
    {
        null => "",
        >= 100 or <= -100 => value.Value.ToString("n0", CultureInfo.InvariantCulture),
        >= 10 or <= -10 => value.Value.ToString("n1", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("n2", CultureInfo.InvariantCulture),
    };

    private static async Task PutIntoAsync(string document, string report)
    {
        var text = await File.ReadAllTextAsync(document);
        var (begin, end) = (text.IndexOf(Begin, StringComparison.Ordinal), text.IndexOf(End, StringComparison.Ordinal));
        if (begin < 0 || end < begin)
        {
            throw new BenchException($"{document} lacks the lines '{Begin}' and '{End}', between which the report belongs.");
        }

        await File.WriteAllTextAsync(document, $"{text[..(begin + Begin.Length)]}\n{report}\n{text[end..]}");
    }

    private static string Markdown(Results results, Settings settings, TimeSpan took)
    {
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"""
            {DateTime.UtcNow:yyyy-MM-dd}, in {took.TotalMinutes:n0} minutes; medians of {settings.Rounds} rounds of {settings.Length.TotalSeconds} s.
            {Environment.ProcessorCount} processors ({Processor()}), {RuntimeInformation.FrameworkDescription}, {RuntimeInformation.OSDescription}.
            """);
        AppendGoals(text, results, settings);
        foreach (var scenario in results.Samples.GroupBy(sample => sample.Scenario))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"### {scenario.Key}");
            var samples = scenario.ToList();
            var metrics = samples.Select(sample => sample.Metric).Distinct().ToList();
            var groups = metrics.ToLookup(
                metric => Array.Find(Metric.OfProcesses, group => metric.StartsWith(group.Prefix, StringComparison.Ordinal)).Prefix ?? "");
            foreach (var (prefix, title) in Metric.OfProcesses.Prepend(("", "")))
            {
                AppendTable(text, results, samples, [.. groups[prefix]], prefix, title);
            }
        }

        return text.ToString();
    }

    private static string Processor() => File.Exists("/proc/cpuinfo")
        && File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal)) is { } line
        ? line.Split(':')[1].Trim()
        : RuntimeInformation.ProcessArchitecture.ToString();

    private static void AppendGoals(StringBuilder text, Results results, Settings settings)
    {
        var judged = Goals.All
            .Select(goal => (goal.Text, Judgement: goal.Judge(results, settings)))
            .Where(goal => goal.Judgement is not null)
            .ToList();
        if (judged.Count == 0)
        {
            return;
        }

        text.AppendLine().AppendLine("| Goal | Seen | |").AppendLine("| --- | --- | --- |");
        foreach (var (goal, judgement) in judged)
        {
            text.AppendLine($"| {goal} | {judgement!.Value.Seen} | {(judgement.Value.Met ? "met" : "**missed**")} |");
        }
    }

    private static void AppendTable(StringBuilder text, Results results, List<Sample> samples, List<string> metrics, string prefix, string title)
    {
        // A process that has nothing to do with a scenario is no column.
        var scenario = samples[0].Scenario;
        var rows = samples.Select(sample => (sample.Variant, sample.Side)).Distinct().ToList();
        metrics.RemoveAll(metric => rows.All(row => Math.Abs(results.Median(scenario, row.Variant, row.Side, metric) ?? 0) < 0.05));
        if (metrics.Count == 0)
        {
            return;
        }

        var other = rows.Select(row => row.Side).FirstOrDefault(side => side != Results.Product);
        var compared = other is not null && metrics.Contains(Metric.Rate);
        string[] ratio = compared ? ["of the other's rate"] : [];
        string[] heads = [title, "", .. metrics.Select(metric => metric[prefix.Length..]), .. ratio];
        text.AppendLine();
        text.AppendLine($"| {string.Join(" | ", heads)} |");
        text.AppendLine($"|{string.Concat(heads.Select((_, column) => column < 2 ? " --- |" : " ---: |"))}");
        var inOrder = rows.OrderBy(row => rows.FindIndex(first => first.Variant == row.Variant)).ThenBy(row => row.Side != Results.Product);
        foreach (var (variant, side) in inOrder)
        {
            var values = metrics.Select(metric => Number(results.Median(scenario, variant, side, metric)));
            string[] seen = compared ? [side == Results.Product ? Number(results.Ratio(scenario, variant, Metric.Rate, other!)) : ""] : [];
            string[] cells = [variant, side, .. values, .. seen];
            text.AppendLine($"| {string.Join(" | ", cells)} |");
        }
    }
}
