using Microsoft.AspNetCore.Http.HttpResults;
using Stubs;

namespace UserService;

/// <summary>What <c>PUT /api/users/{id}</c> takes; <c>enabled</c> is true unless given.</summary>
internal sealed record PutUser(string? Username, string? Email, bool? Enabled = null);

/// <summary>Reading and writing users.</summary>
internal static class UserEndpoints
{
    private const int MaxUsername = 100;
    private const int MaxEmail = 254;

    /// <summary>Maps the routes under <c>/api/users</c>.</summary>
    public static void MapUsers(this IEndpointRouteBuilder app)
    {
        var users = app.MapGroup("/api/users/{id}").WithTags("Users");
        users.MapGet("/", Get).WithSummary("One user").ProducesProblem(404);
        users.MapPut("/", Put).WithSummary("Creates or replaces a user");
    }

    private static Results<Ok<User>, ProblemHttpResult> Get(UserDirectory users, Guid id) =>
        users.Find(id) is { } user
            ? TypedResults.Ok(user)
            : Problems.Of(404, "user-not-found", "No such user", $"There is no user {id}.");

    private static Results<Ok<User>, Created<User>, ValidationProblem> Put(UserDirectory users, Guid id, PutUser body)
    {
        var errors = new Dictionary<string, string[]>();
        if (string.IsNullOrWhiteSpace(body.Username) || body.Username.Length > MaxUsername || body.Username.Any(char.IsControl))
        {
            errors["username"] = [$"1 to {MaxUsername} characters, not blank, no control characters."];
        }

        if (body.Email is null || body.Email.Length > MaxEmail || !IsEmail(body.Email))
        {
            errors["email"] = [$"An address such as name@example.com, at most {MaxEmail} characters."];
        }

        if (errors.Count > 0)
        {
            return Problems.Invalid(errors);
        }

        var user = new User(id, body.Username!, body.Email!, body.Enabled ?? true);
        return users.Put(user) ? TypedResults.Created($"/api/users/{id}", user) : TypedResults.Ok(user);
    }

    private static bool IsEmail(string text) =>
        text.Split('@') is [{ Length: > 0 }, { Length: > 0 }] && !text.Any(character => char.IsWhiteSpace(character) || char.IsControl(character));
}
