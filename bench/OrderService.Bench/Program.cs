using System.CommandLine;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using OrderService.Bench;
using OrderService.Bench.Scenarios;

Scenario[] scenarios =
[
    new PlaceScenario(), new CartScenario(), new CheckoutScenario(), new ReadScenario(), new PaymentScenario(), new LagScenario(),
    new BacklogScenario(), new OutboxScenario(), new ReplicaScenario(), new OverloadScenario(), new StartUpScenario(), new MemoryScenario(), new GrowthScenario(),
];
string[] names = [.. scenarios.SelectMany(scenario => scenario.Names)];

var command = new RootCommand(
    $"""
    Measures the order service beside the limit, a bare program that writes the same rows in one statement.
    Scenarios: {string.Join(", ", names)}.
    """);
var chosen = new Option<string[]>("--scenarios")
{
    Description = "Which, separated by commas; all by default.",
    DefaultValueFactory = _ => names,
    CustomParser = result => [.. result.Tokens.SelectMany(token => token.Value.Split(','))],
};
var rounds = Number("--rounds", "Measurements of each variant; medians are told.", 5);
var seconds = Number("--seconds", "Length of a measurement under load.", 3);
var warmUp = Number("--warm-up", "Seconds of load before the first measurement of a process.", 30);
var clients = Numbers("--clients", "Numbers of clients of 'place', separated by commas. The others have 32.", [1, 8, 32, 64]);
var orders = Numbers("--orders", "Sizes of the database of 'growth', separated by commas.", [10_000, 1_000_000, 10_000_000]);
var events = Number("--events", "Events of 'backlog' and 'outbox'; 'replicas' has a fifth of them.", 1_000_000);
var output = new Option<DirectoryInfo>("--output")
{
    Description = "Folder of the report.", DefaultValueFactory = _ => new DirectoryInfo("artifacts/bench"),
};
var document = new Option<FileInfo?>("--document")
{
    Description = "A document to put the report into, between its '<!-- report -->' and '<!-- end of report -->', and the plot beside it.",
};
foreach (Option option in (Option[])[chosen, rounds, seconds, warmUp, clients, orders, events, output, document])
{
    command.Options.Add(option);
}

chosen.Validators.Add(result =>
{
    if (result.GetValueOrDefault<string[]>()?.Except(names).FirstOrDefault() is { } unknown)
    {
        result.AddError($"There is no scenario '{unknown}'. There are {string.Join(", ", names)}.");
    }
});

command.SetAction(async (parsed, _) =>
{
    if (typeof(Bench).Assembly.GetCustomAttribute<DebuggableAttribute>() is { IsJITOptimizerDisabled: true })
    {
        await Console.Error.WriteLineAsync(
            "This is a Debug build, whose figures mean nothing. Run it with: dotnet run -c Release --project bench/OrderService.Bench");
        return 1;
    }

    using var stop = new CancellationTokenSource();
    using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
    using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
    var settings = new Settings(
        [.. parsed.GetValue(chosen)!],
        parsed.GetValue(rounds),
        TimeSpan.FromSeconds(parsed.GetValue(seconds)),
        TimeSpan.FromSeconds(parsed.GetValue(warmUp)),
        parsed.GetValue(clients)!,
        parsed.GetValue(orders)!,
        parsed.GetValue(events),
        parsed.GetValue(output)!.FullName,
        parsed.GetValue(document)?.FullName);
    var results = new Results();
    var start = Stopwatch.GetTimestamp();
    var exit = await RunAsync(settings, results, stop.Token);
    try
    {
        await Report.WriteAsync(results, settings, Stopwatch.GetElapsedTime(start));
        return exit;
    }
    catch (BenchException failure)
    {
        await Console.Error.WriteLineAsync(failure.Message);
        return 1;
    }

    void Stop(PosixSignalContext signal)
    {
        signal.Cancel = true;
        stop.Cancel();
    }
});

return await command.Parse(args).InvokeAsync();

async Task<int> RunAsync(Settings settings, Results results, CancellationToken cancellationToken)
{
    await using var bench = new Bench(settings, results);
    try
    {
        foreach (var scenario in scenarios.Where(scenario => scenario.Names.Any(bench.Wants)))
        {
            await scenario.RunAsync(bench, cancellationToken);
        }

        return 0;
    }
    catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
    {
        await Console.Error.WriteLineAsync("Stopped. The report has what was measured until then.");
        return 130;
    }
    catch (BenchException failure)
    {
        await Console.Error.WriteLineAsync(failure.Message);
        return 1;
    }
}

static Option<int> Number(string name, string description, int otherwise)
{
    var option = new Option<int>(name) { Description = description, DefaultValueFactory = _ => otherwise };
    option.Validators.Add(result =>
    {
        if (result.Tokens is [var text] && !(int.TryParse(text.Value, out var number) && number > 0))
        {
            result.AddError($"'{text.Value}' is not a whole number from 1.");
        }
    });
    return option;
}

static Option<int[]> Numbers(string name, string description, int[] otherwise) => new(name)
{
    Description = description,
    DefaultValueFactory = _ => otherwise,
    CustomParser = result =>
    {
        var numbers = new List<int>();
        foreach (var text in result.Tokens.SelectMany(token => token.Value.Split(',')))
        {
            if (int.TryParse(text, out var number) && number > 0)
            {
                numbers.Add(number);
            }
            else
            {
                result.AddError($"'{text}' is not a whole number from 1.");
            }
        }

        return [.. numbers];
    },
};
