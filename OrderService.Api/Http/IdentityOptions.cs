using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.Tokens;

namespace OrderService.Api.Http;

/// <summary>Who may say who the user is; section <c>Identity</c>.</summary>
internal sealed class IdentityOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Identity";

    /// <summary>Address of an OpenID Connect provider: its discovery document tells issuer and keys of the bearer tokens.</summary>
    public string? Authority { get; set; }

    /// <summary>
    /// What bearer tokens are signed with, without a provider: a secret of at least 32 bytes, taken as the UTF-8 text it is (HS256, HS384,
    /// HS512), or an RSA or EC public key in PEM (RS, PS or ES).
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>The <c>iss</c> of bearer tokens. With an <see cref="Authority"/> one more besides the provider's own.</summary>
    public string? Issuer { get; set; }

    /// <summary>The <c>aud</c> that bearer tokens have to carry.</summary>
    public string? Audience { get; set; }

    /// <summary>The claim that lists the user's roles, as an array or as one text with blanks between; <c>roles</c> by default.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>Whether the <see cref="Authority"/> is asked over TLS only; <c>true</c> by default.</summary>
    public bool RequireHttpsMetadata { get; set; } = true;

    /// <summary>
    /// Takes the user from <c>X-User-Id</c>, and roles from <c>X-User-Roles</c>, as the shop's gateway sets them after authentication. Only
    /// for a service that nobody but the gateway can reach. On by default in Development where no bearer tokens are configured.
    /// </summary>
    public bool? TrustGatewayHeader { get; set; }

    /// <summary>Whether requests with a bearer token are let in.</summary>
    public bool AcceptsTokens => HasAuthority || HasKey;

    /// <summary>Whether requests with the gateway's headers are let in.</summary>
    public bool AcceptsGateway => TrustGatewayHeader == true;

    private bool HasAuthority => !string.IsNullOrWhiteSpace(Authority);

    private bool HasKey => !string.IsNullOrWhiteSpace(SigningKey);

    /// <summary>Reads <see cref="SigningKey"/>, with the algorithms that go with its kind and no others.</summary>
    /// <exception cref="FormatException">It is no such key; the message says why.</exception>
    public (SecurityKey Key, IReadOnlyList<string> Algorithms) ReadSigningKey()
    {
        const int MinSecretSize = 32;
        const int MinRsaBits = 2048;

        var text = SigningKey!.Trim();
        if (!text.StartsWith("-----BEGIN", StringComparison.Ordinal))
        {
            var secret = Encoding.UTF8.GetBytes(SigningKey);
            return secret.Length >= MinSecretSize
                ? (new SymmetricSecurityKey(secret), [SecurityAlgorithms.HmacSha256, SecurityAlgorithms.HmacSha384, SecurityAlgorithms.HmacSha512])
                : throw new FormatException($"it has {secret.Length} bytes");
        }

        if (!text.StartsWith("-----BEGIN PUBLIC KEY-----", StringComparison.Ordinal))
        {
            throw new FormatException("its PEM is not a 'PUBLIC KEY'");
        }

        if (TryImport(RSA.Create(), text) is { } rsa)
        {
            return rsa.KeySize >= MinRsaBits
                ? (new RsaSecurityKey(rsa), RsaAlgorithms)
                : throw new FormatException($"its RSA key has only {rsa.KeySize} bits");
        }

        return TryImport(ECDsa.Create(), text) is { } ec
            ? (new ECDsaSecurityKey(ec), EcAlgorithms)
            : throw new FormatException("its PEM holds neither an RSA nor an EC key");
    }

    /// <summary>The algorithms of public keys.</summary>
    public static IReadOnlyList<string> PublicKeyAlgorithms { get; } = [.. RsaAlgorithms, .. EcAlgorithms];

    private static string[] RsaAlgorithms =>
    [
        SecurityAlgorithms.RsaSha256, SecurityAlgorithms.RsaSha384, SecurityAlgorithms.RsaSha512,
        SecurityAlgorithms.RsaSsaPssSha256, SecurityAlgorithms.RsaSsaPssSha384, SecurityAlgorithms.RsaSsaPssSha512,
    ];

    private static string[] EcAlgorithms => [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.EcdsaSha384, SecurityAlgorithms.EcdsaSha512];

    private static T? TryImport<T>(T key, string pem)
        where T : AsymmetricAlgorithm
    {
        try
        {
            key.ImportFromPem(pem);
            return key;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            key.Dispose();
            return null;
        }
    }

    /// <summary>Says what is wrong with the section, and how to set it right.</summary>
    internal sealed class Validator(IHostEnvironment environment) : IPostConfigureOptions<IdentityOptions>, IValidateOptions<IdentityOptions>
    {
        public void PostConfigure(string? name, IdentityOptions options) =>
            options.TrustGatewayHeader ??= environment.IsDevelopment() && !options.AcceptsTokens;

        public ValidateOptionsResult Validate(string? name, IdentityOptions options)
        {
            var failures = FailuresOf(options).ToList();
            return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
        }

        private static IEnumerable<string> FailuresOf(IdentityOptions options)
        {
            if (!options.AcceptsTokens && !options.AcceptsGateway)
            {
                yield return "No identity is configured, so nobody could use the service. Set one of: Identity:Authority (the address of an OpenID "
                    + "Connect provider) with Identity:Audience; Identity:SigningKey (a secret of at least 32 bytes, or a public key in PEM) with "
                    + "Identity:Issuer and Identity:Audience; or, only where nobody but the shop's gateway can reach the service, "
                    + "Identity:TrustGatewayHeader=true, which believes the header X-User-Id.";
            }

            if (!options.AcceptsTokens)
            {
                yield break;
            }

            if (options.HasAuthority && options.HasKey)
            {
                yield return "Identity:Authority and Identity:SigningKey are both set: the authority tells its own keys, so keep one of them.";
            }

            if (string.IsNullOrWhiteSpace(options.Audience))
            {
                yield return "Identity:Audience is missing: without it, tokens for any other service would be good here.";
            }

            if (string.IsNullOrWhiteSpace(options.RoleClaim))
            {
                yield return "Identity:RoleClaim is empty: it names the claim with the user's roles, 'roles' by default.";
            }

            if (options.HasAuthority && AuthorityFailure(options) is { } authority)
            {
                yield return authority;
            }

            if (options.HasKey && KeyFailure(options) is { } key)
            {
                yield return key;
            }

            if (options.HasKey && string.IsNullOrWhiteSpace(options.Issuer))
            {
                yield return "Identity:Issuer is missing: with Identity:SigningKey it is the 'iss' of the tokens.";
            }
        }

        private static string? AuthorityFailure(IdentityOptions options) =>
            !Uri.TryCreate(options.Authority, UriKind.Absolute, out var authority) || authority.Scheme is not ("https" or "http")
                ? "Identity:Authority is no address: it is one such as https://login.example.com/realms/shop."
                : authority.Scheme != "https" && options.RequireHttpsMetadata
                    ? "Identity:Authority has to be an https address; Identity:RequireHttpsMetadata=false allows http, on a network that you trust."
                    : null;

        private static string? KeyFailure(IdentityOptions options)
        {
            try
            {
                options.ReadSigningKey();
                return null;
            }
            catch (FormatException e)
            {
                return $"Identity:SigningKey is a secret of at least 32 bytes (plain text, taken as it is), or a public key in PEM, RSA of at least 2048 bits or EC; {e.Message}.";
            }
        }
    }
}
