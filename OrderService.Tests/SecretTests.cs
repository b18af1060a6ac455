using System.Net;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using Npgsql;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Secrets that the service is given, or that callers show it, are told to nobody: not in answers, logs, telemetry or the process list.</summary>
[Collection(OneShop.Name)]
public sealed class SecretTests(ShopFixture shop)
{
    /// <summary>Found in a text however it is encoded around.</summary>
    private const string Mark = "Zq7marked7qZ";

    private static readonly string SigningKey = $"{Mark}-signing-key-of-thirty-two-bytes-or-more";

    [Fact]
    public async Task The_api_tells_its_secrets_to_nobody_whatever_goes_wrong()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var role = await MarkedRole.CreateAsync(shop);
        using var api = await ApiProcess.StartAsync(
            shop,
            [
                .. TokenApi.Settings(SigningKey),
                ($"ConnectionStrings:{ResourceNames.Orders}", role.ConnectionString),
                ($"ConnectionStrings:{ResourceNames.Redis}", $"127.0.0.1:1,password={Mark},abortConnect=false,connectTimeout=100,asyncTimeout=100"),
                .. Telemetry(collector),
            ]);
        var user = shop.NewCustomer().UserId;
        var signature = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(SigningKey)), SecurityAlgorithms.HmacSha256);
        var good = BearerToken.For(user, token => token.SigningCredentials = signature);
        var bad = BearerToken.For(user, token => token.SigningCredentials = signature)[..^4] + Mark;
        var seen = new StringBuilder();

        (await AskAsync("/api/orders", good)).Is(HttpStatusCode.OK);
        await AskEverythingAsync(_ => true);
        await role.LockOutAsync();
        await Eventually.SeeAsync(() => AskAsync("/api/orders", good), answer => answer.Status == HttpStatusCode.InternalServerError, "an error that nobody foresaw");
        await AskEverythingAsync(route => route.Method == HttpMethod.Get);
        seen.Append(await File.ReadAllTextAsync($"/proc/{api.Id}/cmdline"));
        await Eventually.SeeAsync(() => collector.HasLog("postgres") || collector.HasLog("Npgsql"), told => told, "the failures being exported");
        Assert.Equal(0, await api.StopAsync());

        seen.Append(api.Output);
        Assert.Contains("OrderService.Api.dll", seen.ToString(), StringComparison.Ordinal);
        Assert.Contains("not permitted to log in", seen.ToString(), StringComparison.Ordinal);
        foreach (var secret in new[] { Mark, Convert.ToBase64String(Encoding.UTF8.GetBytes(SigningKey)), good, good.Split('.')[2] })
        {
            Assert.DoesNotContain(secret, seen.ToString(), StringComparison.OrdinalIgnoreCase);
            Assert.False(collector.Mentions(secret), $"The telemetry mentions {secret}.");
        }

        async Task AskEverythingAsync(Func<ApiRoute, bool> which)
        {
            foreach (var route in (await ApiRoute.ReadAsync(api.Client)).Where(which))
            {
                foreach (var token in new[] { good, bad, "", Mark })
                {
                    await AskAsync($"{route.PathFor(Guid.NewGuid().ToString())}?access_token={token}", token, route);
                }
            }

            foreach (var path in new[] { "/health", "/alive", "/openapi/v1.json", "/nothing" })
            {
                seen.Append(await (await api.Client.GetAsync(path)).Content.ReadAsStringAsync());
            }
        }

        async Task<Answer> AskAsync(string path, string token, ApiRoute? route = null)
        {
            using var request = new HttpRequestMessage(route?.Method ?? HttpMethod.Get, path);
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
            request.Content = route?.HasBody == true ? new StringContent(route.BodyFor("P-0001"), Encoding.UTF8, route.MediaType) : null;
            using var response = await api.Client.SendAsync(request);
            seen.Append(response.Headers).Append(await response.Content.ReadAsStringAsync());
            return await Answer.ReadAsync(response);
        }
    }

    [Fact]
    public async Task The_worker_tells_its_secrets_to_nobody_when_the_database_refuses_it()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var role = await MarkedRole.CreateAsync(shop);
        await role.LockOutAsync();
        using var worker = await WorkerProcess.StartAsync(
            shop, [($"ConnectionStrings:{ResourceNames.Orders}", role.ConnectionString), .. Telemetry(collector)]);

        await Eventually.SeeAsync(() => worker.Output, output => output.Contains("not permitted", StringComparison.Ordinal), "the worker saying that it is locked out");
        var commandLine = await File.ReadAllTextAsync($"/proc/{worker.Id}/cmdline");
        await worker.StopAsync();

        Assert.DoesNotContain(Mark, commandLine + worker.Output, StringComparison.OrdinalIgnoreCase);
        Assert.False(collector.Mentions(Mark));
    }

    [Fact]
    public async Task No_process_of_the_graph_has_the_databases_password_in_its_command_line()
    {
        var password = new NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders)).Password!;
        Assert.NotEmpty(password);

        foreach (var process in Directory.EnumerateDirectories("/proc").Where(folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            string commandLine;
            try
            {
                commandLine = await File.ReadAllTextAsync(Path.Combine(process, "cmdline"));
            }
            catch (IOException)
            {
                // It has ended meanwhile.
                continue;
            }

            Assert.DoesNotContain(password, commandLine, StringComparison.Ordinal);
        }
    }

    private static (string, string)[] Telemetry(OtlpReceiver collector) =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.Endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_HEADERS", $"x-api-key={Mark}"),
        ("OTEL_BSP_SCHEDULE_DELAY", "200"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "500"),
        ("OTEL_TRACES_SAMPLER", "always_on"),
    ];

    /// <summary>A user of the database whose password can be found.</summary>
    private sealed class MarkedRole(ShopFixture shop, string name, string connectionString) : IAsyncDisposable
    {
        public string ConnectionString => connectionString;

        public static async Task<MarkedRole> CreateAsync(ShopFixture shop)
        {
            var name = $"marked_{Guid.NewGuid():N}";
            await shop.ScalarAsync<long>($"CREATE ROLE {name} SUPERUSER LOGIN PASSWORD '{Mark}'");
            return new(shop, name, new NpgsqlConnectionStringBuilder(await shop.ConnectionStringAsync(ResourceNames.Orders))
            {
                Username = name, Password = Mark, Timeout = 5,
            }.ConnectionString);
        }

        /// <summary>Ends its sessions and lets it in no more.</summary>
        public async Task LockOutAsync()
        {
            await shop.ScalarAsync<long>($"ALTER ROLE {name} NOLOGIN");
            await shop.ScalarAsync<bool>("SELECT bool_and(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = $1", name);
        }

        public async ValueTask DisposeAsync()
        {
            await LockOutAsync();
            await shop.ScalarAsync<long>($"DROP ROLE {name}");
        }
    }
}
