using System.Reflection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using OrderService.Api.Carts;
using OrderService.Api.Clients;
using StackExchange.Redis;

namespace OrderService.Tests.Rules;

public sealed class CartStoreTests
{
    public static TheoryData<Exception> Breaks() =>
    [
        new InvalidOperationException("Writing is not allowed after writer was completed."),
        new ObjectDisposedException("socket"),
        new IOException("Connection reset by peer"),
        new System.Net.Sockets.SocketException(104),
        new RedisConnectionException(ConnectionFailureType.SocketClosed, "closed"),
        new TaskCanceledException("What could not be sent in time."),
    ];

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_connection_that_breaks_in_the_middle_of_a_write_is_redis_being_away(Exception broken)
    {
        var redis = DispatchProxy.Create<IConnectionMultiplexer, Breaking>();
        ((Breaking)(object)redis).Broken = broken;
        var carts = new CartStore(redis, TimeProvider.System, Options.Create(new CartOptions()), NullLogger<CartStore>.Instance);

        var away = await Assert.ThrowsAsync<DependencyUnavailableException>(() => carts.ReadAsync(CartId.OfUser(Guid.NewGuid())));

        Assert.Equal(ResourceNames.Redis, away.Dependency);
    }

    [Fact]
    public async Task A_script_that_never_ends_is_redis_being_away()
    {
        var redis = DispatchProxy.Create<IConnectionMultiplexer, Breaking>();
        var time = new FakeTimeProvider();
        var carts = new CartStore(redis, time, Options.Create(new CartOptions()), NullLogger<CartStore>.Instance);

        var hung = carts.ReadAsync(CartId.OfUser(Guid.NewGuid()));
        time.Advance(TimeSpan.FromMinutes(1));

        await Assert.ThrowsAsync<DependencyUnavailableException>(() => hung.WaitAsync(TimeSpan.FromMinutes(1)));
    }

    /// <summary>A Redis whose every script meets a broken connection, or never ends where none is given.</summary>
    public class Breaking : DispatchProxy
    {
        public Exception? Broken { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            if (targetMethod?.ReturnType == typeof(Task<RedisResult>))
            {
                return Broken is { } broken ? Task.FromException<RedisResult>(broken) : new TaskCompletionSource<RedisResult>().Task;
            }

            var database = Create<IDatabase, Breaking>();
            ((Breaking)(object)database).Broken = Broken;
            return database;
        }
    }
}
