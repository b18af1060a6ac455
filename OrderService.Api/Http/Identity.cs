using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace OrderService.Api.Http;

/// <summary>Who may say who the user is; section <c>Identity</c>.</summary>
internal sealed class IdentityOptions
{
    /// <summary>
    /// Takes the user from <c>X-User-Id</c>, as the shop's gateway sets it after authentication. Only for a service that nobody but
    /// the gateway can reach. On by default in Development only.
    /// </summary>
    public bool TrustGatewayHeader { get; set; }
}

/// <summary>Authentication, and who the user is.</summary>
internal static class Identity
{
    /// <summary>Adds authentication as configured; without any the service does not start.</summary>
    public static void AddIdentity(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<IdentityOptions>()
            .Configure(identity => identity.TrustGatewayHeader = builder.Environment.IsDevelopment())
            .BindConfiguration("Identity")
            .Validate(
                identity => identity.TrustGatewayHeader,
                "No identity is configured, so nobody could use the service: set Identity:TrustGatewayHeader to true where only the "
                + "shop's gateway, which sets X-User-Id, can reach it.")
            .ValidateOnStart();
        builder.Services.AddAuthentication(GatewayAuthentication.Scheme)
            .AddScheme<AuthenticationSchemeOptions, GatewayAuthentication>(GatewayAuthentication.Scheme, null);
        builder.Services.AddAuthorization();
    }

    extension(ClaimsPrincipal user)
    {
        /// <summary>The user's id. Only where the route requires authorization.</summary>
        public Guid Id => Guid.Parse(user.FindFirstValue(ClaimTypes.NameIdentifier)
            ?? throw new InvalidOperationException("The route lets requests in that name no user."));
    }
}

/// <summary>Believes the gateway's <c>X-User-Id</c>.</summary>
internal sealed class GatewayAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    IOptions<IdentityOptions> identity,
    ILoggerFactory logger,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public new const string Scheme = "gateway";

    private const string Header = "X-User-Id";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!identity.Value.TrustGatewayHeader || Request.Headers[Header] is not { Count: > 0 } values)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (values.Count != 1 || !Guid.TryParseExact(values[0], "D", out var id) || id == Guid.Empty)
        {
            return Task.FromResult(AuthenticateResult.Fail($"{Header} is not one UUID."));
        }

        var user = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, id.ToString())], Scheme);
        return Task.FromResult(AuthenticateResult.Success(new(new(user), Scheme)));
    }
}
