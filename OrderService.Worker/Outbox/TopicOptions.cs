using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using OrderService.Core.Messaging;

namespace OrderService.Worker.Outbox;

/// <summary>Names of the Kafka topics, section <c>Topics</c>.</summary>
internal sealed class TopicOptions
{
    public const string Section = "Topics";

    /// <summary>Where order events go.</summary>
    public string Orders { get; init; } = "cloudforge.orders";

    /// <summary>Where payment events come from.</summary>
    public string Payments { get; init; } = "cloudforge.payments";

    /// <summary>Where fulfilment events come from.</summary>
    public string Fulfilment { get; init; } = "cloudforge.fulfilment";

    /// <summary>
    /// Other topics than <see cref="Orders"/> for some types of order events, by short name (<c>placed</c>, <c>refund-required</c>). Several,
    /// separated by commas, each get the event.
    /// </summary>
    public Dictionary<string, string> ByType { get; init; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>The topics of a type of order events, in the order in which it is written to them.</summary>
    public string[] Of(string type) => ByType.TryGetValue(EventCatalog.ShortNameOf(type), out var topics) ? Split(topics) : [Orders];

    internal static string[] Split(string? topics) => (topics ?? "").Split(',', StringSplitOptions.TrimEntries);
}

/// <summary>Refuses names that no topic can have, and types that there are not.</summary>
internal sealed partial class TopicOptionsValidation : IValidateOptions<TopicOptions>
{
    public ValidateOptionsResult Validate(string? name, TopicOptions options)
    {
        var known = EventCatalog.Published
            .Where(type => type.Channel == OutboxChannel.Events)
            .Select(type => EventCatalog.ShortNameOf(type.Name))
            .ToList();
        var failures = new List<string>();
        foreach (var (setting, topic) in new[]
        {
            (nameof(options.Orders), options.Orders), (nameof(options.Payments), options.Payments), (nameof(options.Fulfilment), options.Fulfilment),
        })
        {
            Check(setting, topic);
        }

        foreach (var (type, topics) in options.ByType)
        {
            var setting = $"{nameof(options.ByType)}:{type}";
            if (!known.Contains(type, StringComparer.OrdinalIgnoreCase))
            {
                failures.Add($"The setting {TopicOptions.Section}:{setting} is for no type of order events; those are {string.Join(", ", known)}.");
            }

            var names = TopicOptions.Split(topics);
            foreach (var topic in names)
            {
                Check(setting, topic);
            }

            if (names.Distinct(StringComparer.Ordinal).Count() < names.Length)
            {
                failures.Add($"The setting {TopicOptions.Section}:{setting} names a topic twice: '{topics}'.");
            }
        }

        return failures.Count > 0 ? ValidateOptionsResult.Fail(failures) : ValidateOptionsResult.Success;

        void Check(string setting, string topic)
        {
            if (!TopicName().IsMatch(topic) || topic is "." or "..")
            {
                failures.Add(
                    $"The setting {TopicOptions.Section}:{setting} has '{topic}', which is no name of a Kafka topic: "
                    + "1 to 249 letters, digits, '.', '_' and '-'.");
            }
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9._-]{1,249}\z")]
    private static partial Regex TopicName();
}
