using System.Globalization;
using System.Text;

namespace OrderService.Bench;

/// <summary>The report: what was measured as Markdown, on the console and in a file, and every single value as CSV.</summary>
internal static class Report
{
    /// <summary>Writes all files into the output folder.</summary>
    public static async Task WriteAsync(Results results, Settings settings)
    {
        if (results.Samples.Count == 0)
        {
            return;
        }

        var text = Markdown(results, settings);
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
    }

    private static string Markdown(Results results, Settings settings)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"Medians of {settings.Rounds} rounds of {settings.Length.TotalSeconds} s, on {Environment.ProcessorCount} processors.");
        AppendGoals(text, results, settings);
        foreach (var scenario in results.Samples.GroupBy(sample => sample.Scenario))
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"### {scenario.Key}").AppendLine();
            var metrics = scenario.Select(sample => sample.Metric).Distinct().ToList();
            AppendTable(text, results, [.. scenario], [.. metrics.Where(metric => !IsCost(metric))], withRatio: true);
            if (metrics.Any(IsCost))
            {
                text.AppendLine();
                AppendTable(text, results, [.. scenario], [.. metrics.Where(IsCost)], withRatio: false);
            }
        }

        return text.ToString();
    }

    private static void AppendGoals(StringBuilder text, Results results, Settings settings)
    {
        text.AppendLine().AppendLine("| Goal | Seen | |").AppendLine("| --- | --- | --- |");
        foreach (var goal in Goals.All)
        {
            if (goal.Judge(results, settings) is var (seen, met))
            {
                text.AppendLine($"| {goal.Text} | {seen} | {(met ? "met" : "**missed**")} |");
            }
        }
    }

    private static bool IsCost(string metric) => metric.Split(' ')[0] is "CPU" or "KiB" or "MB";

    private static void AppendTable(StringBuilder text, Results results, IReadOnlyList<Sample> samples, IReadOnlyList<string> metrics, bool withRatio)
    {
        var scenario = samples[0].Scenario;
        var compared = withRatio && samples.Any(sample => sample.Side == Results.Limit) && metrics.Contains(Metric.Rate);
        string[] heads = ["", "", .. metrics, .. compared ? ["rate, of the limit's"] : Array.Empty<string>()];
        text.AppendLine($"| {string.Join(" | ", heads)} |");
        text.AppendLine($"|{string.Concat(heads.Select((_, column) => column < 2 ? " --- |" : " ---: |"))}");
        foreach (var (variant, side) in samples.Select(sample => (sample.Variant, sample.Side)).Distinct().OrderBy(row => FirstOf(row.Variant)).ThenByDescending(row => row.Side))
        {
            string[] cells =
            [
                variant,
                side,
                .. metrics.Select(metric => Number(results.Median(scenario, variant, side, metric))),
                .. compared ? [side == Results.Product ? Number(results.Ratio(scenario, variant, Metric.Rate)) : ""] : Array.Empty<string>(),
            ];
            text.AppendLine($"| {string.Join(" | ", cells)} |");
        }

        int FirstOf(string variant) => samples.Select((sample, index) => (sample, index)).First(pair => pair.sample.Variant == variant).index;
    }

    /// <summary>A value with as many digits as it is worth.</summary>
    public static string Number(double? value) => value switch
    {
        null => "",
        >= 100 or <= -100 => value.Value.ToString("n0", CultureInfo.InvariantCulture),
        >= 10 or <= -10 => value.Value.ToString("n1", CultureInfo.InvariantCulture),
        _ => value.Value.ToString("n2", CultureInfo.InvariantCulture),
    };
}
