using System.Reflection;
using System.Text.RegularExpressions;
using OrderService.Tests.Shop;

namespace OrderService.Tests.Rules;

/// <summary>The table of the contract names tests, so that nobody has to believe it.</summary>
public sealed partial class ContractTests
{
    private static readonly string Document = Documents.Read("contract.md");

    [Fact]
    public void Every_test_that_the_contract_names_is_there()
    {
        var tests = typeof(ContractTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods().Where(method => method.GetCustomAttribute<FactAttribute>() is not null))
            .Select(method => $"{method.DeclaringType!.FullName!["OrderService.Tests.".Length..]}.{method.Name}")
            .ToHashSet();

        var named = TestName().Matches(Document).Select(match => match.Groups["name"].Value).ToList();

        Assert.NotEmpty(named);
        Assert.All(named, name => Assert.Contains(name, tests));
    }

    [Fact]
    public void Every_row_of_the_contract_names_a_test()
    {
        var rows = Document.Split('\n').Where(line => line.StartsWith('|') && !line.StartsWith("| What |", StringComparison.Ordinal) && !line.StartsWith("| --- |", StringComparison.Ordinal))
            .ToList();

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Matches(TestName(), row));
    }

    [GeneratedRegex(@"`(?<name>((Rules|Chaos|Fuzz|Pages)\.)?[A-Z]\w*Tests\.\w+)`")]
    private static partial Regex TestName();
}
