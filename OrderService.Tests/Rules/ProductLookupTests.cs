using System.Diagnostics;
using System.Net;
using System.Threading.Channels;
using Microsoft.Extensions.Time.Testing;
using OrderService.Api.Clients;

namespace OrderService.Tests.Rules;

public sealed class ProductLookupTests
{
    [Fact]
    public async Task Who_comes_while_two_calls_are_under_way_shares_the_next_one()
    {
        using var service = new Service();
        var lookup = new ProductLookup(service, service.Time);
        var alone = new[] { lookup.FindAsync("A", default), lookup.FindAsync("B", default) };
        string[] wanted = ["C", "D", "C", "unknown", "inactive"];
        var together = wanted.Select(id => lookup.FindAsync(id, default)).ToList();

        Assert.Equal("/api/products/A", (await service.NextAsync()).Answer());
        Assert.Equal("/api/products/B", (await service.NextAsync()).Answer());
        Assert.Equal("/api/products?ids=C,D,unknown,inactive", (await service.NextAsync()).Answer());

        Assert.Equal(["A", "B"], (await Task.WhenAll(alone)).Select(product => product?.Id));
        Assert.Equal(["C", "D", "C", null, null], (await Task.WhenAll(together)).Select(product => product?.Id));
        Assert.False(service.IsAsked);

        var later = lookup.FindAsync("E", default);
        Assert.Equal("/api/products/E", (await service.NextAsync()).Answer());
        Assert.Equal("E", (await later)!.Id);
    }

    [Fact]
    public async Task A_product_without_a_usable_price_fails_only_who_wants_it()
    {
        using var service = new Service();
        var lookup = new ProductLookup(service, service.Time);
        _ = lookup.FindAsync("A", default);
        _ = lookup.FindAsync("B", default);
        var (good, bad) = (lookup.FindAsync("C", default), lookup.FindAsync("priceless", default));

        for (var call = 0; call < 3; call++)
        {
            (await service.NextAsync()).Answer();
        }

        Assert.Equal("C", (await good)!.Id);
        await Assert.ThrowsAsync<DependencyUnavailableException>(() => bad);
    }

    [Fact]
    public async Task When_a_shared_call_fails_all_who_share_it_are_told_and_those_after_them_ask_anew()
    {
        using var service = new Service();
        var lookup = new ProductLookup(service, service.Time);
        _ = lookup.FindAsync("A", default);
        _ = lookup.FindAsync("B", default);
        var shared = new[] { lookup.FindAsync("C", default), lookup.FindAsync("D", default) };

        (await service.NextAsync()).Answer();
        (await service.NextAsync()).Answer();
        (await service.NextAsync()).Fail();

        foreach (var failed in shared)
        {
            await Assert.ThrowsAsync<DependencyUnavailableException>(() => failed);
        }

        var later = lookup.FindAsync("C", default);
        (await service.NextAsync()).Answer();
        Assert.Equal("C", (await later)!.Id);
    }

    [Fact]
    public async Task A_call_that_hangs_holds_up_only_those_who_share_it()
    {
        using var service = new Service();
        var lookup = new ProductLookup(service, service.Time);
        var hung = new[] { lookup.FindAsync("A", default), lookup.FindAsync("B", default) };
        var waiting = lookup.FindAsync("C", default);
        var (first, second) = (await service.NextAsync(), await service.NextAsync());
        Assert.False(service.IsAsked);

        service.Time.Advance(TimeSpan.FromSeconds(1));
        (await service.NextAsync()).Answer();

        Assert.Equal("C", (await waiting)!.Id);
        Assert.All(hung, call => Assert.False(call.IsCompleted));
        first.Answer();
        second.Answer();
        await Task.WhenAll(hung);
    }

    [Fact]
    public async Task A_call_that_never_ends_is_the_service_being_away()
    {
        using var service = new Service();
        var lookup = new ProductLookup(service, service.Time);
        var waiting = new[] { lookup.FindAsync("A", default), lookup.FindAsync("B", default), lookup.FindAsync("C", default) };

        service.Time.Advance(TimeSpan.FromMinutes(1));

        foreach (var hung in waiting)
        {
            await Assert.ThrowsAsync<DependencyUnavailableException>(() => hung.WaitAsync(TimeSpan.FromMinutes(1)));
        }
    }

    [Fact]
    public async Task Who_gives_up_takes_no_answer_from_the_others_and_a_shared_call_is_linked_to_each_trace()
    {
        using var source = new ActivitySource(nameof(ProductLookupTests));
        using var listener = new ActivityListener
        {
            ShouldListenTo = listened => listened == source,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(listener);
        using var service = new Service();
        using var impatience = new CancellationTokenSource();
        var lookup = new ProductLookup(service, service.Time);
        _ = lookup.FindAsync("A", default);
        _ = lookup.FindAsync("B", default);
        var (gaveUp, first) = Ask("C", impatience.Token);
        var (stayed, second) = Ask("D", default);

        await impatience.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gaveUp);
        (await service.NextAsync()).Answer();
        (await service.NextAsync()).Answer();
        var call = await service.NextAsync();
        Assert.Equal(first.SpanId, call.Caller);
        call.Answer();

        Assert.Equal("D", (await stayed)!.Id);
        Assert.Equal(first.SpanId, Assert.Single(second.Links).Context.SpanId);

        (Task<Product?> Answer, Activity Request) Ask(string id, CancellationToken cancellationToken)
        {
            using var request = source.StartActivity("request")!;
            return (lookup.FindAsync(id, cancellationToken), request);
        }
    }

    /// <summary>A Product service that answers when it is told to.</summary>
    private sealed class Service : HttpMessageHandler, IHttpClientFactory
    {
        private readonly Channel<Call> _calls = Channel.CreateUnbounded<Call>();

        /// <summary>Time in which nobody loses patience unless it goes on.</summary>
        public FakeTimeProvider Time { get; } = new();

        public bool IsAsked => _calls.Reader.TryPeek(out _);

        public HttpClient CreateClient(string name) => new(this, disposeHandler: false) { BaseAddress = new Uri("http://products") };

        public async Task<Call> NextAsync() => await _calls.Reader.ReadAsync().AsTask().WaitAsync(TimeSpan.FromMinutes(1));

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var call = new Call(request.RequestUri!.PathAndQuery);
            _calls.Writer.TryWrite(call);
            return call.Response;
        }
    }

    private sealed class Call(string address)
    {
        private readonly TaskCompletionSource<HttpResponseMessage> _response = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<HttpResponseMessage> Response => _response.Task;

        public ActivitySpanId? Caller { get; } = Activity.Current?.SpanId;

        public string Answer()
        {
            const string Many = "/api/products?ids=";
            var isOne = !address.StartsWith(Many, StringComparison.Ordinal);
            var ids = isOne ? [address["/api/products/".Length..]] : address[Many.Length..].Split(',');
            var products = string.Join(',', ids.Where(id => id != "unknown").Select(id =>
                $$"""{"id":"{{id}}","name":"A thing","price":{{(id == "priceless" ? -1 : 10)}},"currency":"EUR","active":{{(id == "inactive" ? "false" : "true")}}}"""));
            _response.SetResult(new(HttpStatusCode.OK)
            {
                Content = new StringContent(isOne ? products : $$"""{"items":[{{products}}]}""", System.Text.Encoding.UTF8, "application/json"),
            });
            return address;
        }

        public void Fail() => _response.SetException(new HttpRequestException("It broke."));
    }
}
