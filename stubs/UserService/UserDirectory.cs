using System.Collections.Concurrent;

namespace UserService;

/// <summary>A customer. One that is not enabled may not place orders.</summary>
internal sealed record User(Guid Id, string Username, string Email, bool Enabled);

/// <summary>The users, in memory: on a fresh start 1,000 enabled ones, <c>00000000-0000-4000-8000-000000000001</c> to <c>…0003e8</c>.</summary>
internal sealed class UserDirectory
{
    private const int SeededUsers = 1000;

    private readonly ConcurrentDictionary<Guid, User> _users = new(
        Enumerable.Range(1, SeededUsers)
            .Select(number => new User(SeededId(number), $"customer{number:0000}", $"customer{number:0000}@cloudforge.example", Enabled: true))
            .ToDictionary(user => user.Id));

    /// <summary>How many users there are, and how many of them are enabled.</summary>
    public (int All, int Enabled) Count() => (_users.Count, _users.Values.Count(user => user.Enabled));

    /// <summary>The user, or null.</summary>
    public User? Find(Guid id) => _users.GetValueOrDefault(id);

    /// <summary>Creates or replaces a user; true when created.</summary>
    public bool Put(User user)
    {
        var created = true;
        _users.AddOrUpdate(user.Id, user, (_, _) =>
        {
            created = false;
            return user;
        });
        return created;
    }

    private static Guid SeededId(int number) => new(0, 0, 0x4000, 0x80, 0, 0, 0, 0, 0, (byte)(number >> 8), (byte)number);
}
