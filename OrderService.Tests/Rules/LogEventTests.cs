using System.Reflection;
using Microsoft.Extensions.Logging;
using OrderService.Api.Orders;
using OrderService.Core;
using OrderService.Tests.Shop;
using OrderService.Worker;

namespace OrderService.Tests.Rules;

/// <summary>Log events have ids that whoever reads the log may rely on.</summary>
public sealed class LogEventTests
{
    private static readonly Dictionary<string, (int First, int Last)> Areas = new()
    {
        ["OrderService.Core"] = (1000, 1999),
        ["OrderService.Api.Carts"] = (2000, 2099),
        ["OrderService.Api.Orders"] = (2100, 2199),
        ["OrderService.Api.Http"] = (2200, 2299),
        ["OrderService.Api.Operations"] = (2300, 2399),
        ["OrderService.Api"] = (2400, 2999),
        ["OrderService.Worker.Outbox"] = (3000, 3099),
        ["OrderService.Worker.Consumers"] = (3100, 3199),
        ["OrderService.Worker.Housekeeping"] = (3200, 3299),
        ["OrderService.Worker"] = (3100, 3999),
    };

    private static readonly IReadOnlyList<(MethodInfo Method, LoggerMessageAttribute Event)> Events =
    [
        .. new[] { typeof(OrderTelemetry), typeof(Placement), typeof(ParkingLot) }
            .SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(
                BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(logged => logged.Item2 is not null),
    ];

    [Fact]
    public void Every_log_event_has_an_id_of_its_area_and_a_name_and_shares_neither()
    {
        Assert.NotEmpty(Events);
        foreach (var (method, logged) in Events)
        {
            var place = method.DeclaringType!.FullName!;
            var area = Areas.Where(area => place.StartsWith($"{area.Key}.", StringComparison.Ordinal)).MaxBy(area => area.Key.Length).Value;
            Assert.True(
                logged.EventId >= area.First && logged.EventId <= area.Last,
                $"{place}.{method.Name} has the event id {logged.EventId}; those of its area are {area.First} to {area.Last}.");
            Assert.False(string.IsNullOrEmpty(logged.EventName), $"{place}.{method.Name} has no event name.");
        }

        Assert.Equal(Events.Count, Events.Select(logged => logged.Event.EventId).Distinct().Count());
        Assert.Equal(Events.Count, Events.Select(logged => logged.Event.EventName).Distinct().Count());
    }

    [Fact]
    public void Every_log_event_is_in_the_documents_table_as_it_is_and_no_other()
    {
        var documented = Documents.Rows("telemetry.md", "Id", "Name", "Level").Select(row => $"{row[0]} {row[1].Trim('`')} {row[2]}");

        Assert.Equal(
            Events.OrderBy(logged => logged.Event.EventId).Select(logged => $"{logged.Event.EventId} {logged.Event.EventName} {logged.Event.Level}"),
            documented);
    }

    [Fact]
    public void Every_log_event_says_when_it_comes_and_what_to_do() =>
        Assert.All(Documents.Rows("telemetry.md", "Id", "Name", "Level"), row => Assert.All(row.Skip(3).Take(2), Assert.NotEmpty));
}
