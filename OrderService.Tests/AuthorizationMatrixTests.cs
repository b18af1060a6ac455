using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.IdentityModel.Tokens;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>
/// Every route of the OpenAPI document × every kind of caller, in production's settings. A route is for users, unless its address says that
/// it is for operators or that guests may use it as well; so a new one is covered by itself, and one that forgot to ask who calls shows.
/// </summary>
[Collection(OneShop.Name)]
public sealed class AuthorizationMatrixTests(ShopFixture shop)
{
    private const string Operations = "/api/operations";
    private const string Operator = "orders:operate";

    private static readonly string[] NotForGuests = ["/api/cart/checkout", "/api/cart/merge"];

    [Theory]
    [InlineData("secret")]
    [InlineData("public key")]
    public async Task Every_route_lets_in_whom_it_is_for_and_nobody_else(string kind)
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        var isSecret = kind == "secret";
        var signature = isSecret ? BearerToken.Signature : new(new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha256);
        using var api = await ApiProcess.StartAsync(shop, TokenApi.Settings(isSecret ? TokenApi.Secret : pem));
        var routes = await ApiRoute.ReadAsync(api.Client);
        var (owner, other) = (shop.NewCustomer(), shop.NewCustomer());
        var product = await shop.NewProductAsync();
        var order = (await owner.OrderAsync(product, 2)).Is(HttpStatusCode.Created);
        (await owner.AddAsync(product, 3)).Is(HttpStatusCode.OK);
        var before = await LookAsync();

        // Forgers call themselves the order's owner, and operators as well: nothing but the signature and its claims is to count.
        foreach (var (caller, headers) in Forgers(owner.UserId, signature, isSecret ? null : pem))
        {
            foreach (var route in routes)
            {
                Seen(caller, route, await AskAsync(route, headers)).IsProblem(HttpStatusCode.Unauthorized, "unauthorized");
            }
        }

        var guest = new[] { ("X-Cart-Id", Guid.NewGuid().ToString()) };
        foreach (var route in routes)
        {
            IsAsked("guest", route, await AskAsync(route, guest), mayUse: IsForGuests(route));
            IsAsked("other user", route, await AskAsync(route, Bearer(Sign(other.UserId))), mayUse: !IsForOperators(route), refusal: HttpStatusCode.Forbidden);
            IsAsked("operator", route, await AskAsync(route, Bearer(Sign(other.UserId, Operator))), mayUse: true);
        }

        // To whoever is let in, the owner's order is still nobody's.
        Assert.Equal(before, await LookAsync());
        foreach (var route in routes)
        {
            IsAsked("owner", route, await AskAsync(route, Bearer(Sign(owner.UserId))), mayUse: !IsForOperators(route), refusal: HttpStatusCode.Forbidden);
        }

        string Sign(Guid user, params string[] roles) => BearerToken.For(user, token =>
        {
            token.SigningCredentials = signature;
            token.Claims["roles"] = roles;
        });

        async Task<Answer> AskAsync(ApiRoute route, (string Name, string Value)[] headers)
        {
            var id = route.Path.Contains("{productId}", StringComparison.Ordinal) ? product : order.Id.ToString();
            using var request = new HttpRequestMessage(route.Method, route.PathFor(id));
            request.Content = route.HasBody ? new StringContent(route.BodyFor(product), Encoding.UTF8, route.MediaType) : null;
            foreach (var (name, value) in headers)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }

            return await Answer.ReadAsync(await api.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead));
        }

        async Task<string> LookAsync()
        {
            var orders = await owner.GetAsync("/api/orders");
            var history = await owner.GetAsync($"/api/orders/{order.Id}/history");
            return $"{(await owner.GetAsync("/api/cart")).Body} {orders.Body} {history.Body}";
        }
    }

    /// <summary>What is not in the document is open to all, so it may be no more than this.</summary>
    [Fact]
    public async Task What_is_open_to_all_is_the_document_the_probes_and_a_page_without_data()
    {
        using var api = await ApiProcess.StartAsync(shop, TokenApi.Settings(TokenApi.Secret));

        foreach (var path in new[] { "/openapi/v1.json", "/alive", "/operations", "/pages/pages.css", "/pages/settings" })
        {
            Assert.Equal(HttpStatusCode.OK, (await api.Client.GetAsync(path)).StatusCode);
        }

        // Whether it is healthy is another matter.
        Assert.Equal("application/json", (await api.Client.GetAsync("/health")).Content.Headers.ContentType?.MediaType);
        foreach (var path in new[] { "/", "/shop", "/shop/index.html", "/shop/products", "/pages", "/pages/../appsettings.json", "/docs/index.html", "/metrics", "/swagger", "/swagger/v1/swagger.json", "/openapi", "/env", "/debug", "/.env", "/appsettings.json", "/api", "/actuator" })
        {
            (await Answer.ReadAsync(await api.Client.GetAsync(path))).IsProblem(HttpStatusCode.NotFound, "not-found");
        }
    }

    private static bool IsForOperators(ApiRoute route) => route.Path.StartsWith(Operations, StringComparison.Ordinal);

    private static bool IsForGuests(ApiRoute route) => route.Path.StartsWith("/api/cart", StringComparison.Ordinal) && !NotForGuests.Contains(route.Path);

    /// <summary>Callers that no route lets in, with what they bring.</summary>
    private static IEnumerable<(string Caller, (string, string)[] Headers)> Forgers(Guid victim, SigningCredentials signature, string? publicKey)
    {
        var now = DateTime.UtcNow;
        using var rsa = RSA.Create(2048);
        var own = new RsaSecurityKey(rsa);
        var secretOfTheirs = new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32));

        yield return ("no identity", []);
        yield return ("the gateway's headers, which nobody trusts here", [("X-User-Id", victim.ToString()), ("X-User-Roles", Operator)]);
        yield return ("basic authentication", [("Authorization", "Basic b3BlcmF0b3I6b3BlcmF0b3I=")]);
        yield return ("expired", Forge(token => (token.NotBefore, token.Expires) = (now.AddHours(-2), now.AddHours(-1))));
        yield return ("from tomorrow on", Forge(token => (token.NotBefore, token.Expires) = (now.AddDays(1), now.AddDays(2))));
        yield return ("another issuer", Forge(token => token.Issuer = "https://login.elsewhere.example"));
        yield return ("another audience", Forge(token => token.Audience = "invoices"));
        yield return ("another secret", Forge(token => token.SigningCredentials = new(secretOfTheirs, SecurityAlgorithms.HmacSha256)));
        yield return ("another private key", Forge(token => token.SigningCredentials = new(own, SecurityAlgorithms.RsaSha256)));
        yield return ("a key of their own in the header", Forge(token =>
        {
            token.SigningCredentials = new(own, SecurityAlgorithms.RsaSha256);
            token.AdditionalHeaderClaims = new Dictionary<string, object>
            {
                ["jwk"] = new Dictionary<string, object>
                {
                    ["kty"] = "RSA",
                    ["n"] = Base64UrlEncoder.Encode(rsa.ExportParameters(false).Modulus),
                    ["e"] = Base64UrlEncoder.Encode(rsa.ExportParameters(false).Exponent),
                },
            };
        }));
        foreach (var none in new[] { "none", "None", "nOnE", "" })
        {
            yield return ($"alg: '{none}'", Bearer(BearerToken.Unsigned(victim, none, Operator)));
        }

        if (publicKey is not null)
        {
            foreach (var secret in new[] { publicKey, publicKey + "\n", publicKey.Trim(), publicKey.ReplaceLineEndings("\r\n") })
            {
                yield return ("HS256 with the public key as secret", Forge(token => token.SigningCredentials = new(
                    new SymmetricSecurityKey(Encoding.UTF8.GetBytes(secret)), SecurityAlgorithms.HmacSha256)));
            }
        }

        (string, string)[] Forge(Action<SecurityTokenDescriptor> change) => Bearer(BearerToken.For(victim, token =>
        {
            token.SigningCredentials = signature;
            token.Claims["roles"] = new[] { Operator };
            change(token);
        }));
    }

    private static (string, string)[] Bearer(string token) => [("Authorization", $"Bearer {token}")];

    private static void IsAsked(string caller, ApiRoute route, Answer answer, bool mayUse, HttpStatusCode refusal = HttpStatusCode.Unauthorized)
    {
        if (mayUse)
        {
            Assert.True(
                answer.Status is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) && (int)answer.Status < 500, $"{caller}: {route} answered {answer}");
        }
        else
        {
            Seen(caller, route, answer).IsProblem(refusal, refusal == HttpStatusCode.Forbidden ? "forbidden" : "unauthorized");
        }
    }

    private static Answer Seen(string caller, ApiRoute route, Answer answer)
    {
        Assert.True(answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, $"{caller}: {route} answered {answer}");
        return answer;
    }
}
