using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Options;

namespace OrderService.Api.Http;

/// <summary>Believes the gateway's <c>X-User-Id</c> and <c>X-User-Roles</c>.</summary>
internal sealed class GatewayAuthentication(
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    IOptions<IdentityOptions> identity,
    ILoggerFactory logger,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>Name of the scheme.</summary>
    public new const string Scheme = "Gateway";

    /// <summary>The header with the user's id.</summary>
    public const string UserHeader = "X-User-Id";

    /// <summary>The header with the user's roles, commas between.</summary>
    public const string RolesHeader = "X-User-Roles";

    protected override Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!identity.Value.AcceptsGateway || Request.Headers[UserHeader] is not { Count: > 0 } values)
        {
            return Task.FromResult(AuthenticateResult.NoResult());
        }

        if (values.Count != 1 || !Identity.TryReadUserId(values[0], out var id))
        {
            return Task.FromResult(AuthenticateResult.Fail($"{UserHeader} is not one UUID."));
        }

        var roles = Request.Headers.GetCommaSeparatedValues(RolesHeader);
        return Task.FromResult(AuthenticateResult.Success(new(Identity.PrincipalOf(id, roles, Scheme), Scheme)));
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var result = await HandleAuthenticateOnceSafeAsync();
        await Identity.ChallengeAsync(Context, identity.Value, result.Failure?.Message ?? Identity.NobodyIsNamed(identity.Value));
    }
}
