using System.Text;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace OrderService.Tests.Shop;

/// <summary>Tokens as the shop's provider issues them, and as others would like to.</summary>
internal static class BearerToken
{
    /// <summary>The secret of <see cref="TokenApi"/> as what tokens are signed with.</summary>
    public static readonly SigningCredentials Signature =
        new(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(TokenApi.Secret)), SecurityAlgorithms.HmacSha256);

    /// <summary>A token that is good for an hour, but for what is changed.</summary>
    public static string For(Guid user, Action<SecurityTokenDescriptor>? change = null)
    {
        var token = new SecurityTokenDescriptor
        {
            Issuer = TokenApi.Issuer,
            Audience = TokenApi.Audience,
            Expires = DateTime.UtcNow.AddHours(1),
            Claims = new Dictionary<string, object> { ["sub"] = user.ToString() },
            SigningCredentials = Signature,
        };
        change?.Invoke(token);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(token);
    }

    /// <summary>A token without a signature, which says so.</summary>
    public static string Unsigned(Guid user, string algorithm = "none", params string[] roles)
    {
        var payload = JsonSerializer.Serialize(
            new { sub = user, iss = TokenApi.Issuer, aud = TokenApi.Audience, exp = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeSeconds(), roles });
        return $"{Base64UrlEncoder.Encode($$"""{"alg":"{{algorithm}}","typ":"JWT"}""")}.{Base64UrlEncoder.Encode(payload)}.";
    }
}
