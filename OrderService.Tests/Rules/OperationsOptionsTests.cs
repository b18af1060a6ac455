using OrderService.Api.Operations;

namespace OrderService.Tests.Rules;

/// <summary>The way from an order to its traces.</summary>
public sealed class OperationsOptionsTests
{
    private static readonly Guid Order = Guid.Parse("0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11");

    [Theory]
    [InlineData("http://localhost:18888")]
    [InlineData("http://localhost:18888/")]
    public void The_dashboard_shows_the_traces_that_have_a_message_about_the_order(string dashboard) => Assert.Equal(
        "http://localhost:18888/traces?filters=messaging.kafka.message.key:equals:0199f1c4-7a52-7cc0-9d7e-3f1f0a3c5b11",
        new OperationsOptions { Dashboard = dashboard }.TracesOf(Order));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    public void Without_a_dashboard_there_are_none(string? dashboard) =>
        Assert.Null(new OperationsOptions { Dashboard = dashboard }.TracesOf(Order));

    [Theory]
    [InlineData("http://localhost:18888", true)]
    [InlineData("https://dashboard.example.com/aspire", true)]
    [InlineData("", true)]
    [InlineData("localhost:18888", false)]
    [InlineData("javascript:alert(1)", false)]
    [InlineData("/traces", false)]
    public void The_dashboards_address_is_one_of_http(string dashboard, bool isValid) =>
        Assert.Equal(isValid, OperationsOptions.IsValid(new OperationsOptions { Dashboard = dashboard }));
}
