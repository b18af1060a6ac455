namespace OrderService;

/// <summary>
/// A second run of a service's program, which asks the first how it is: <c>probe http://localhost:8080/health</c>. Docker Compose can only
/// run what is in a container, and ours hold no other program that could ask.
/// </summary>
public static class HealthProbe
{
    /// <summary>The first of two arguments; the other is the address.</summary>
    public const string Command = "probe";

    /// <summary>Longer than the slowest answer of <c>/health</c>.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>Asks once. The exit code: 0 for success, 1 for any other answer and for none; then standard error has a sentence.</summary>
    public static async Task<int> RunAsync(string address)
    {
        using var client = new HttpClient { Timeout = Patience };
        try
        {
            using var answer = await client.GetAsync(new Uri(address));
            if (answer.IsSuccessStatusCode)
            {
                return 0;
            }

            await Console.Error.WriteLineAsync($"{address} answered {(int)answer.StatusCode}.");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            await Console.Error.WriteLineAsync($"{address} does not answer: {e.Message}");
        }

        return 1;
    }
}
