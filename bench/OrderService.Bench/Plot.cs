using OrderService.Bench.Scenarios;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace OrderService.Bench;

/// <summary>Throughput and latency of placing orders against the number of clients, product and limit, as SVG.</summary>
internal static class Plot
{
    private static readonly OxyColor ProductColor = OxyColor.FromRgb(0x1F, 0x6F, 0xB2);
    private static readonly OxyColor LimitColor = OxyColor.FromRgb(0x9A, 0x9A, 0x9A);

    /// <summary>Draws what was measured with several numbers of clients; nothing where that was not.</summary>
    public static void Write(Results results, Settings settings, string path)
    {
        var clients = settings.Clients.Order().Where(count => Value(count, Results.Product, Metric.Rate) is not null).ToArray();
        if (clients.Length < 2)
        {
            return;
        }

        var model = new PlotModel { Title = "POST /api/orders", TitleFontSize = 15, Background = OxyColors.White, DefaultFont = "Arial" };
        model.Axes.Add(new LogarithmicAxis
        {
            Position = AxisPosition.Bottom, Title = "clients", Base = 2, MinorTickSize = 0, Minimum = clients[0] / 1.2, Maximum = clients[^1] * 1.2,
        });
        model.Axes.Add(Panel(new LinearAxis { Minimum = 0, MaximumPadding = 0.08 }, "rate", "orders per second", 0.55, 1));
        model.Axes.Add(Panel(new LogarithmicAxis(), "latency", "milliseconds", 0, 0.45));
        model.Legends.Add(new Legend
        {
            LegendPlacement = LegendPlacement.Outside, LegendPosition = LegendPosition.BottomCenter, LegendOrientation = LegendOrientation.Horizontal,
            LegendItemSpacing = 32, LegendFontSize = 11,
        });
        foreach (var (side, color) in new[] { (Results.Product, ProductColor), (Results.Limit, LimitColor) })
        {
            model.Series.Add(Line($"{side}: rate", "rate", side, Metric.Rate, color, LineStyle.Solid, MarkerType.Circle));
            model.Series.Add(Line($"{side}: p50", "latency", side, Metric.P50, color, LineStyle.Solid, MarkerType.Square));
            model.Series.Add(Line($"{side}: p99", "latency", side, Metric.P99, color, LineStyle.Dash, MarkerType.Triangle));
        }

        File.WriteAllText(path, new SvgExporter { Width = 720, Height = 620 }.ExportToString(model).ReplaceLineEndings("\n"));

        LineSeries Line(string title, string axis, string side, string metric, OxyColor color, LineStyle style, MarkerType marker)
        {
            var line = new LineSeries { Title = title, YAxisKey = axis, Color = color, LineStyle = style };
            (line.MarkerType, line.MarkerFill, line.MarkerSize) = (marker, color, 3.5);
            line.Points.AddRange(clients.Select(count => new DataPoint(count, Value(count, side, metric) ?? double.NaN)));
            return line;
        }

        double? Value(int count, string side, string metric) => results.Median(PlaceScenario.Name, PlaceScenario.Variant(count), side, metric);
    }

    private static Axis Panel(Axis axis, string key, string title, double from, double to)
    {
        (axis.Key, axis.Title, axis.StartPosition, axis.EndPosition, axis.Position) = (key, title, from, to, AxisPosition.Left);
        (axis.MajorGridlineStyle, axis.MajorGridlineColor) = (LineStyle.Solid, OxyColor.FromRgb(0xE4, 0xE4, 0xE4));
        axis.AxisTitleDistance = 16;
        return axis;
    }
}
