using Microsoft.Extensions.Configuration;
using OrderService.Worker.Outbox;

namespace OrderService.Tests.Rules;

public sealed class TopicOptionsTests
{
    [Fact]
    public void Every_type_goes_to_one_topic_unless_the_settings_say_otherwise()
    {
        var topics = Bind(("Orders", "shop.orders"), ("ByType:placed", "shop.orders, shop.orders.created"), ("ByType:refund-required", "refunds"));

        Assert.Equal(["shop.orders", "shop.orders.created"], topics.Of("io.cloudforge.order.placed.v1"));
        Assert.Equal(["refunds"], topics.Of("io.cloudforge.order.refund-required.v1"));
        Assert.Equal(["shop.orders"], topics.Of("io.cloudforge.order.cancelled.v1"));
        Assert.True(new TopicOptionsValidation().Validate(null, topics).Succeeded);
    }

    [Theory]
    [InlineData("Orders", "", "Topics:Orders")]
    [InlineData("Payments", "a b", "Topics:Payments")]
    [InlineData("Fulfilment", "..", "Topics:Fulfilment")]
    [InlineData("ByType:placed", "a,,b", "Topics:ByType:placed")]
    [InlineData("ByType:placed", "a,a", "Topics:ByType:placed")]
    [InlineData("ByType:placed", "bücher", "Topics:ByType:placed")]
    [InlineData("ByType:created", "a", "Topics:ByType:created")]
    [InlineData("ByType:reservation", "a", "Topics:ByType:reservation")]
    public void A_setting_that_cannot_work_is_refused_by_its_name(string setting, string value, string named)
    {
        var refusal = new TopicOptionsValidation().Validate(null, Bind((setting, value)));

        Assert.Contains($"The setting {named} ", Assert.Single(refusal.Failures ?? []), StringComparison.Ordinal);
    }

    private static TopicOptions Bind(params (string Setting, string Value)[] settings) => new ConfigurationBuilder()
        .AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create($"{TopicOptions.Section}:{setting.Setting}", (string?)setting.Value)))
        .Build()
        .GetSection(TopicOptions.Section)
        .Get<TopicOptions>()!;
}
