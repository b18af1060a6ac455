using System.Security.Claims;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;
using OrderService.Api.Clients;

namespace OrderService.Api.Http;

/// <summary>JWTs as identities (RFC 6750, RFC 7519): the user is the <c>sub</c>, a UUID.</summary>
internal sealed class BearerTokens(IOptions<IdentityOptions> identity) : IConfigureNamedOptions<JwtBearerOptions>
{
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan AuthorityTimeout = TimeSpan.FromSeconds(5);

    /// <inheritdoc />
    public void Configure(JwtBearerOptions options) => Configure(JwtBearerDefaults.AuthenticationScheme, options);

    /// <inheritdoc />
    public void Configure(string? name, JwtBearerOptions options)
    {
        var settings = identity.Value;
        options.MapInboundClaims = false;
        options.Events = new() { OnTokenValidated = AcceptAsync, OnAuthenticationFailed = BlameTheAuthorityAsync, OnChallenge = ChallengeAsync };

        var rules = options.TokenValidationParameters;
        rules.ClockSkew = ClockSkew;
        rules.ValidAudience = settings.Audience;
        rules.ValidIssuer = settings.Issuer;
        if (!string.IsNullOrWhiteSpace(settings.SigningKey))
        {
            var (key, algorithms) = settings.ReadSigningKey();
            rules.IssuerSigningKey = key;
            rules.ValidAlgorithms = algorithms;
        }
        else
        {
            options.Authority = settings.Authority;
            options.RequireHttpsMetadata = settings.RequireHttpsMetadata;
            options.BackchannelTimeout = AuthorityTimeout;
            rules.ValidAlgorithms = IdentityOptions.PublicKeyAlgorithms;
        }
    }

    private Task AcceptAsync(TokenValidatedContext context)
    {
        var claims = context.Principal!;
        if (!Identity.TryReadUserId(claims.FindFirstValue("sub"), out var id))
        {
            context.Fail(new SecurityTokenException("sub"));
            return Task.CompletedTask;
        }

        var roles = claims.FindAll(identity.Value.RoleClaim).SelectMany(claim => claim.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        context.Principal = Identity.PrincipalOf(id, roles, context.Scheme.Name);
        return Task.CompletedTask;
    }

    /// <summary>A token that can't be checked because the provider is away is not a bad token.</summary>
    private static async Task BlameTheAuthorityAsync(AuthenticationFailedContext context)
    {
        if (context.Options.ConfigurationManager is not { } provider)
        {
            return;
        }

        try
        {
            await provider.GetConfigurationAsync(context.HttpContext.RequestAborted);
        }
        catch (InvalidOperationException e)
        {
            throw new DependencyUnavailableException("identity", "The identity provider does not answer.", e);
        }
    }

    private Task ChallengeAsync(JwtBearerChallengeContext context)
    {
        context.HandleResponse();
        var settings = identity.Value;
        return context.AuthenticateFailure is { } failure
            ? Identity.ChallengeAsync(context.HttpContext, settings, ReasonOf(failure), badToken: true)
            : Identity.ChallengeAsync(context.HttpContext, settings, Identity.NobodyIsNamed(settings));
    }

    private static string ReasonOf(Exception failure) => failure switch
    {
        SecurityTokenExpiredException => "The bearer token has expired.",
        SecurityTokenNotYetValidException => "The bearer token is not valid yet.",
        SecurityTokenNoExpirationException => "The bearer token has no expiry.",
        SecurityTokenInvalidAudienceException => "The bearer token is for another audience.",
        SecurityTokenInvalidIssuerException => "The bearer token is from another issuer.",
        SecurityTokenInvalidAlgorithmException or SecurityTokenInvalidSignatureException or SecurityTokenSignatureKeyNotFoundException =>
            "The bearer token is not signed with a key and an algorithm that this service trusts.",
        { Message: "sub" } => "The bearer token names no user: its 'sub' is not a UUID.",
        _ => "The bearer token is not a JWT that this service can read.",
    };
}
