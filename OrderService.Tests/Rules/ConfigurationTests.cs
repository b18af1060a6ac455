using System.Globalization;
using System.Reflection;
using OrderService.Api.Orders;
using OrderService.Core;
using OrderService.Tests.Shop;
using OrderService.Worker;

namespace OrderService.Tests.Rules;

/// <summary>The document of the settings has every setting of the code, with the default that it has there.</summary>
public sealed class ConfigurationTests
{
    private static readonly IReadOnlyList<(Type Options, string Of)> Options =
    [
        .. new[] { (typeof(OrderTelemetry), "api, worker"), (typeof(Placement), "api"), (typeof(ParkingLot), "worker") }
            .SelectMany(process => process.Item1.Assembly.GetTypes(), (process, type) => (Type: type, Of: process.Item2))
            .Where(found => found.Type.Name.EndsWith("Options", StringComparison.Ordinal) && found.Type is { IsClass: true, IsAbstract: false }),
    ];

    private static readonly IReadOnlyDictionary<string, (string Default, string Of, string What)> Documented = Documents
        .Rows("configuration.md", "Setting", "Default", "Unit", "Of")
        .SelectMany(row => Documents.Quoted(row[0]), (row, name) => (Name: name, Row: row))
        .ToDictionary(setting => setting.Name, setting => (setting.Row[1], setting.Row[3], setting.Row[4]));

    [Fact]
    public void Every_class_of_options_names_its_section()
    {
        Assert.NotEmpty(Options);
        Assert.All(Options, found => Assert.NotNull(SectionOf(found.Options)));
    }

    [Fact]
    public void Every_setting_has_a_row_with_its_default_and_its_process()
    {
        foreach (var (options, of) in Options)
        {
            var defaults = Activator.CreateInstance(options);
            foreach (var property in PropertiesOf(options))
            {
                var name = NameOf(options, property);
                Assert.True(Documented.TryGetValue(name, out var row), $"docs/configuration.md has no row for {name}.");
                Assert.Equal((name, of), (name, row.Of));
                Assert.NotEmpty(row.What);
                if (property.GetValue(defaults) is { } value and not System.Collections.IDictionary)
                {
                    Assert.Equal((name, TextOf(value)), (name, TextOf(Read(row.Default.Trim('`'), value))));
                }
            }
        }
    }

    [Fact]
    public void Every_row_of_a_section_is_a_setting()
    {
        var known = Options.SelectMany(found => PropertiesOf(found.Options).Select(property => NameOf(found.Options, property))).ToHashSet();
        var sections = Options.Select(found => SectionOf(found.Options)).ToHashSet();

        Assert.All(Documented.Keys.Where(name => sections.Contains(name.Split(':')[0])), name => Assert.Contains(name, known));
    }

    private static string? SectionOf(Type options) =>
        options.GetField("Section", BindingFlags.Public | BindingFlags.Static | BindingFlags.FlattenHierarchy)?.GetRawConstantValue() as string;

    private static IEnumerable<PropertyInfo> PropertiesOf(Type options) => options.GetProperties().Where(property => property.CanWrite);

    private static string NameOf(Type options, PropertyInfo property) =>
        $"{SectionOf(options)}:{property.Name}{(property.PropertyType.IsAssignableTo(typeof(System.Collections.IDictionary)) ? ":<type>" : "")}";

    /// <summary>A text as a value of the same type.</summary>
    private static object Read(string text, object like) => like is TimeSpan
        ? TimeSpan.Parse(text, CultureInfo.InvariantCulture)
        : Convert.ChangeType(text, like.GetType(), CultureInfo.InvariantCulture);

    private static string? TextOf(object value) => Convert.ToString(value, CultureInfo.InvariantCulture);
}
