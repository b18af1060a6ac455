using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace OrderService.Api.Http;

/// <summary>Authentication, and who the user is: a bearer token says it, or the shop's gateway. A token counts for more.</summary>
internal static class Identity
{
    /// <summary>Role, and policy, of whoever operates the service.</summary>
    public const string Operate = "orders:operate";

    /// <summary>Adds authentication as configured; without any the service does not start.</summary>
    public static void AddIdentity(this WebApplicationBuilder builder)
    {
        var services = builder.Services;
        services.AddOptions<IdentityOptions>().BindConfiguration(IdentityOptions.Section).ValidateOnStart();
        services.AddSingleton<IPostConfigureOptions<IdentityOptions>, IdentityOptions.Validator>();
        services.AddSingleton<IValidateOptions<IdentityOptions>, IdentityOptions.Validator>();
        services.AddSingleton<IConfigureOptions<JwtBearerOptions>, BearerTokens>();

        const string Either = "Identity";
        services.AddAuthentication(Either)
            .AddPolicyScheme(Either, null, either => either.ForwardDefaultSelector = SchemeOf)
            .AddJwtBearer()
            .AddScheme<AuthenticationSchemeOptions, GatewayAuthentication>(GatewayAuthentication.Scheme, null);

        // Tokens are signed by others, and there are no cookies: ASP.NET Core need not make keys of its own at start and keep them in a file.
        services.Remove(services.Single(service =>
            service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Assembly == typeof(DataProtectionOptions).Assembly));
        services.AddAuthorizationBuilder().AddPolicy(Operate, policy => policy.RequireRole(Operate));
    }

    extension(ClaimsPrincipal user)
    {
        /// <summary>The user's id. Only where the route requires authorization.</summary>
        public Guid Id => Guid.Parse(user.FindFirstValue(ClaimTypes.NameIdentifier)
            ?? throw new InvalidOperationException("The route lets requests in that name no user."));
    }

    /// <summary>Reads the id of a user as tokens and the gateway write it.</summary>
    public static bool TryReadUserId(string? text, out Guid id) => Guid.TryParseExact(text, "D", out id) && id != Guid.Empty;

    /// <summary>A user, however the request names them.</summary>
    public static ClaimsPrincipal PrincipalOf(Guid id, IEnumerable<string> roles, string scheme) => new(new ClaimsIdentity(
        [new(ClaimTypes.NameIdentifier, id.ToString()), .. roles.Select(role => new Claim(ClaimTypes.Role, role))], scheme));

    /// <summary>What to say where a request has nothing that could name a user.</summary>
    public static string NobodyIsNamed(IdentityOptions options) => "The request names no user: it needs " + options switch
    {
        { AcceptsTokens: true, AcceptsGateway: true } => "'Authorization: Bearer <token>', or the gateway's X-User-Id.",
        { AcceptsTokens: true } => "'Authorization: Bearer <token>'.",
        _ => "the header X-User-Id, one UUID.",
    };

    /// <summary>401 with a reason, and with every way to do better (RFC 9110, section 11.6.1; RFC 6750, section 3).</summary>
    public static Task ChallengeAsync(HttpContext http, IdentityOptions options, string reason, bool badToken = false)
    {
        if (options.AcceptsTokens)
        {
            http.Response.Headers.Append(
                HeaderNames.WWWAuthenticate, badToken ? $"Bearer error=\"invalid_token\", error_description=\"{reason}\"" : "Bearer");
        }

        if (options.AcceptsGateway)
        {
            http.Response.Headers.Append(HeaderNames.WWWAuthenticate, $"{GatewayAuthentication.Scheme} header=\"{GatewayAuthentication.UserHeader}\"");
        }

        return Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", reason).ExecuteAsync(http);
    }

    private static string SchemeOf(HttpContext http)
    {
        var options = http.RequestServices.GetRequiredService<IOptions<IdentityOptions>>().Value;
        var hasToken = http.Request.Headers.Authorization.ToString() is var authorization
            && authorization.StartsWith("Bearer", StringComparison.OrdinalIgnoreCase)
            && (authorization.Length == "Bearer".Length || authorization["Bearer".Length] == ' ');
        return options.AcceptsTokens && (hasToken || !options.AcceptsGateway) ? JwtBearerDefaults.AuthenticationScheme : GatewayAuthentication.Scheme;
    }
}
