using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.Tokens;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>An API as in production, which lets in bearer tokens that are signed with a secret.</summary>
public sealed class TokenApi(ShopFixture shop) : IAsyncLifetime
{
    public const string Secret = "a secret of the shop, known to nobody else";
    public const string Issuer = "https://login.shop.example";
    public const string Audience = "orders";

    private ApiProcess? _api;

    internal HttpClient Client => _api!.Client;

    public async Task InitializeAsync() => _api = await ApiProcess.StartAsync(shop, Settings(Secret));

    public Task DisposeAsync()
    {
        _api?.Dispose();
        return Task.CompletedTask;
    }

    internal static (string Setting, string Value)[] Settings(string key) =>
        [("Identity:SigningKey", key), ("Identity:Issuer", Issuer), ("Identity:Audience", Audience)];
}

/// <summary>Who gets in, and what the others are told.</summary>
[Collection(OneShop.Name)]
public sealed class IdentityTests(ShopFixture shop, TokenApi api) : IClassFixture<TokenApi>
{
    private const string Orders = "/api/orders";

    [Fact]
    public async Task A_token_names_the_user_whose_orders_are_seen()
    {
        var customer = shop.NewCustomer();
        var order = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;

        (await GetAsync($"{Orders}/{order}", Token(customer.UserId))).Is(HttpStatusCode.OK);
        (await GetAsync($"{Orders}/{order}", Token(Guid.NewGuid()))).IsProblem(HttpStatusCode.NotFound, "order-not-found");
    }

    [Fact]
    public async Task Without_a_token_the_answer_asks_for_one()
    {
        var answer = (await GetAsync(Orders, token: null)).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        Assert.Equal("Bearer", answer.Response.Headers.WwwAuthenticate.ToString());
        Assert.Contains("Authorization: Bearer", answer.Body.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_gateways_headers_are_not_believed_where_nobody_said_so() =>
        (await GetAsync(Orders, token: null, ("X-User-Id", Guid.NewGuid().ToString()))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

    public static TheoryData<string, string> BadTokens => new()
    {
        { "expired", "expired" },
        { "from tomorrow on", "not valid yet" },
        { "without an expiry", "no expiry" },
        { "for another audience", "audience" },
        { "without an audience", "audience" },
        { "from another issuer", "issuer" },
        { "signed with another key", "not signed" },
        { "signed with no key", "not signed" },
        { "altered", "not signed" },
        { "sub no UUID", "'sub' is not a UUID" },
        { "no sub", "'sub' is not a UUID" },
        { "no JWT", "not a JWT" },
        { "empty", "names no user" },
        { "null bytes", "not a JWT" },
    };

    [Theory]
    [MemberData(nameof(BadTokens))]
    public async Task A_bad_token_is_refused_with_the_reason(string which, string reason)
    {
        var user = Guid.NewGuid();
        var good = Token(user);
        var now = DateTime.UtcNow;
        var token = which switch
        {
            "expired" => Token(user, token => (token.NotBefore, token.Expires) = (now.AddHours(-2), now.AddHours(-1))),
            "from tomorrow on" => Token(user, token => (token.NotBefore, token.Expires) = (now.AddDays(1), now.AddDays(2))),
            "without an expiry" => Token(user, token => token.Expires = null),
            "for another audience" => Token(user, token => token.Audience = "invoices"),
            "without an audience" => Token(user, token => token.Audience = null),
            "from another issuer" => Token(user, token => token.Issuer = "https://login.elsewhere.example"),
            "signed with another key" => Token(user, token => token.SigningCredentials = new(
                new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)), SecurityAlgorithms.HmacSha256)),
            "signed with no key" => BearerToken.Unsigned(user),
            "altered" => $"{good.Split('.')[0]}.{Token(Guid.NewGuid()).Split('.')[1]}.{good.Split('.')[2]}",
            "sub no UUID" => Token(user, token => token.Claims["sub"] = "alice"),
            "no sub" => Token(user, token => token.Claims.Remove("sub")),
            "no JWT" => "eyJub3RoaW5nIjp0cnVlfQ",
            "null bytes" => "\u0001.\u0001.\u0001",
            _ => "",
        };

        var answer = (await GetAsync(Orders, token)).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");

        var detail = answer.Body.GetProperty("detail").GetString()!;
        Assert.Contains(reason, detail, StringComparison.Ordinal);
        var challenge = answer.Response.Headers.WwwAuthenticate.ToString();
        Assert.Equal(which == "empty" ? "Bearer" : $"Bearer error=\"invalid_token\", error_description=\"{detail}\"", challenge);
    }

    [Fact]
    public async Task A_service_that_trusts_the_gateway_too_gives_the_token_the_last_word()
    {
        using var both = await ApiProcess.StartAsync(shop, [.. TokenApi.Settings(TokenApi.Secret), ApiProcess.Gateway]);
        var (caller, other) = (Guid.NewGuid(), Guid.NewGuid());
        var header = ("X-User-Id", other.ToString());

        Assert.Equal(other, await WhoAsync(null));
        Assert.Equal(caller, await WhoAsync(Token(caller)));
        foreach (var bad in new[] { "no token at all", "" })
        {
            var answer = (await GetAsync(both.Client, Orders, bad, header)).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
            Assert.Equal(["Bearer", "Gateway"], answer.Response.Headers.WwwAuthenticate.Select(challenge => challenge.Scheme));
        }

        async Task<Guid> WhoAsync(string? token) =>
            (await GetAsync(both.Client, "/api/cart", token, header)).Is(HttpStatusCode.OK).Body.GetProperty("userId").GetGuid();
    }

    [Theory]
    [InlineData("RSA")]
    [InlineData("EC")]
    public async Task Tokens_may_be_signed_with_a_private_key_whose_public_half_is_configured(string kind)
    {
        using var rsa = RSA.Create(2048);
        using var ec = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var pem = kind == "RSA" ? rsa.ExportSubjectPublicKeyInfoPem() : ec.ExportSubjectPublicKeyInfoPem();
        using var service = await ApiProcess.StartAsync(shop, TokenApi.Settings(pem));
        SigningCredentials signature = kind == "RSA"
            ? new(new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256)
            : new(new ECDsaSecurityKey(ec), SecurityAlgorithms.EcdsaSha256);
        SigningCredentials publicHalfAsSecret = new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(pem)), SecurityAlgorithms.HmacSha256);

        (await GetAsync(service.Client, Orders, Token(Guid.NewGuid(), token => token.SigningCredentials = signature))).Is(HttpStatusCode.OK);
        (await GetAsync(service.Client, Orders, Token(Guid.NewGuid(), token => token.SigningCredentials = publicHalfAsSecret)))
            .IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
    }

    [Fact]
    public async Task An_authority_tells_issuer_and_keys_and_while_it_is_away_that_is_said()
    {
        using var rsa = RSA.Create(2048);
        using var otherRsa = RSA.Create(2048);
        var key = new RsaSecurityKey(rsa) { KeyId = "2026-11" };
        await using var provider = await StartProviderAsync(key);
        var authority = provider.Urls.Single();
        using var service = await ApiProcess.StartAsync(
            shop, ("Identity:Authority", authority), ("Identity:RequireHttpsMetadata", "false"), ("Identity:Audience", TokenApi.Audience));
        using var lost = await ApiProcess.StartAsync(
            shop, ("Identity:Authority", "http://127.0.0.1:1"), ("Identity:RequireHttpsMetadata", "false"), ("Identity:Audience", TokenApi.Audience));
        var good = Sign(key);

        (await GetAsync(service.Client, Orders, good)).Is(HttpStatusCode.OK);
        (await GetAsync(service.Client, Orders, Sign(key, issuer: TokenApi.Issuer))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await GetAsync(service.Client, Orders, Sign(new RsaSecurityKey(otherRsa) { KeyId = "2026-11" }))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        (await GetAsync(service.Client, Orders, BearerToken.Unsigned(Guid.NewGuid()))).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
        var away = (await GetAsync(lost.Client, Orders, good)).IsProblem(HttpStatusCode.ServiceUnavailable, "unavailable");
        Assert.NotNull(away.Response.Headers.RetryAfter);

        string Sign(SecurityKey with, string? issuer = null) => Token(Guid.NewGuid(), token =>
        {
            token.Issuer = issuer ?? authority;
            token.SigningCredentials = new(with, SecurityAlgorithms.RsaSha256);
        });
    }

    [Fact]
    public async Task The_service_makes_no_keys_of_its_own_to_keep_in_a_file()
    {
        var home = Directory.CreateTempSubdirectory("order-service-home-");
        try
        {
            using (await ApiProcess.StartAsync(shop, [.. TokenApi.Settings(TokenApi.Secret), ("HOME", home.FullName)]))
            {
                Assert.Empty(home.EnumerateFiles("*.xml", SearchOption.AllDirectories));
            }
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    public static TheoryData<string, string> BadSettings => new()
    {
        { "", "No identity is configured" },
        { "Identity:TrustGatewayHeader=false", "No identity is configured" },
        { "Identity:TrustGatewayHeader=perhaps", "Identity:TrustGatewayHeader" },
        { "Identity:SigningKey=0123456789012345678901234567890", "Identity:SigningKey" },
        { $"Identity:SigningKey={TokenApi.Secret};Identity:Audience=orders", "Identity:Issuer is missing" },
        { $"Identity:SigningKey={TokenApi.Secret};Identity:Issuer=me", "Identity:Audience is missing" },
        { "Identity:SigningKey=-----BEGIN PUBLIC KEY-----nothing;Identity:Issuer=me;Identity:Audience=orders", "neither an RSA nor an EC key" },
        { "Identity:SigningKey=-----BEGIN PRIVATE KEY-----nothing;Identity:Issuer=me;Identity:Audience=orders", "not a 'PUBLIC KEY'" },
        { "Identity:Authority=https://login.shop.example", "Identity:Audience is missing" },
        { "Identity:Authority=login.shop.example;Identity:Audience=orders", "Identity:Authority is no address" },
        { "Identity:Authority=http://login.shop.example;Identity:Audience=orders", "Identity:RequireHttpsMetadata" },
        { $"Identity:Authority=https://a;Identity:Audience=orders;Identity:SigningKey={TokenApi.Secret};Identity:Issuer=me", "both set" },
        { $"Identity:TrustGatewayHeader=true;ConnectionStrings:{ResourceNames.Redis}=", $"The connection string '{ResourceNames.Redis}' is missing" },
    };

    [Theory]
    [MemberData(nameof(BadSettings))]
    public async Task The_service_does_not_start_with_settings_that_make_no_sense_and_says_which(string settings, string message)
    {
        var pairs = settings.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2)).Select(pair => (pair[0], pair[1]));

        var (exitCode, output) = await ApiProcess.RunAsync(shop, [.. pairs]);

        Assert.Equal(1, exitCode);
        Assert.Contains(message, output, StringComparison.Ordinal);
        var reasons = output.Split('\n').Where(line => line.StartsWith("- ", StringComparison.Ordinal)).ToList();
        Assert.Equal(reasons.Distinct(), reasons);
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenApi.Secret, output, StringComparison.Ordinal);
    }

    private static string Token(Guid user, Action<SecurityTokenDescriptor>? change = null) => BearerToken.For(user, change);

    private Task<Answer> GetAsync(string path, string? token, params (string Name, string Value)[] headers) =>
        GetAsync(api.Client, path, token, headers);

    private static async Task<Answer> GetAsync(HttpClient client, string path, string? token, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }

        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await Answer.ReadAsync(await client.SendAsync(request));
    }

    /// <summary>As much of an OpenID Connect provider as a service that checks tokens sees.</summary>
    private static async Task<WebApplication> StartProviderAsync(RsaSecurityKey key)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var provider = builder.Build();
        var jwk = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(key.Rsa.ExportParameters(false)) { KeyId = key.KeyId });
        provider.MapGet("/.well-known/openid-configuration", (HttpRequest request) =>
        {
            var self = $"{request.Scheme}://{request.Host}";
            return Results.Json(new { issuer = self, jwks_uri = $"{self}/keys" });
        });
        provider.MapGet("/keys", () => Results.Json(new { keys = new[] { new { kty = jwk.Kty, use = "sig", kid = jwk.Kid, alg = "RS256", n = jwk.N, e = jwk.E } } }));
        await provider.StartAsync();
        return provider;
    }
}
