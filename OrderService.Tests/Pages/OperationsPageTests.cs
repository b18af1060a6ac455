using System.Net;
using System.Text.Json;
using Microsoft.Playwright;
using OrderService.Tests.Shop;
using static Microsoft.Playwright.Assertions;

namespace OrderService.Tests.Pages;

/// <summary>The operations page, in a real browser.</summary>
[Collection(OneShop.Name)]
public sealed class OperationsPageTests(ShopFixture shop, Chromium chromium) : IClassFixture<Chromium>
{
    private const string Role = "orders:operate";

    [Fact]
    public async Task A_parked_message_is_replayed_after_a_question()
    {
        var (customer, order) = await PlaceAsync();
        await ParkPaymentAsync(order, "Seemed <b>wrong</b>");
        await using var visit = await OpenAsync();
        var row = visit.Page.Locator("#letters tr", new() { HasText = order.ToString() });
        await Expect(row).ToContainTextAsync("Seemed <b>wrong</b>");

        await row.GetByRole(AriaRole.Button).ClickAsync();
        await Expect(visit.At("replay")).ToBeVisibleAsync();
        await Expect(visit.At("replay-no")).ToBeFocusedAsync();
        await Expect(visit.At("replay-facts")).ToContainTextAsync("Seemed <b>wrong</b>");
        await Expect(visit.At("replay-body")).ToContainTextAsync("\"amount\":10.00");
        await visit.Page.Keyboard.PressAsync("Escape");
        await Expect(visit.At("replay")).ToBeHiddenAsync();
        Assert.Equal(1, await shop.ScalarAsync<long>("SELECT count(*) FROM parked_messages WHERE key = $1 AND next_attempt_at IS NULL", order.ToString()));

        await row.GetByRole(AriaRole.Button).ClickAsync();
        await visit.At("replay-yes").ClickAsync();
        await Expect(row).ToHaveCountAsync(0);
        await Expect(visit.At("told")).ToHaveTextAsync("payment.succeeded is tried again.");
        await customer.WaitAsync(order, "CONFIRMED");
        visit.WentWell();
    }

    [Fact]
    public async Task An_order_is_found_by_its_id_its_customer_and_its_state_and_tells_its_story()
    {
        var (customer, order) = await PlaceAsync();
        await shop.Publisher.PaymentSucceededAsync(order, 10.00m);
        await customer.WaitAsync(order, "CONFIRMED");
        await using var visit = await OpenAsync();

        await visit.At("query").FillAsync("Springfield");
        await visit.At("find").ClickAsync();
        await Expect(visit.At("query-error")).ToContainTextAsync("36 characters");

        await visit.At("query").FillAsync(order.ToString());
        await visit.At("find").ClickAsync();
        await Expect(visit.At("story-title")).ToBeFocusedAsync();
        await Expect(visit.Page.Locator("#story .timeline strong")).ToHaveTextAsync(["Pending", "Confirmed"]);
        await Expect(visit.At("story")).ToContainTextAsync("order.confirmed");
        await Expect(visit.At("story")).ToContainTextAsync(Customer.Address);

        await visit.At("story").GetByRole(AriaRole.Button, new() { Name = customer.UserId.ToString() }).ClickAsync();
        await Expect(visit.Page.Locator("#found .id")).ToHaveTextAsync([order.ToString()]);
        await visit.At("status").SelectOptionAsync("SHIPPED");
        await visit.At("find").ClickAsync();
        await Expect(visit.At("found")).ToContainTextAsync("No such orders.");

        await visit.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Confirmed") }).ClickAsync();
        await Expect(visit.Page.Locator("#found .id").First).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#found .badge").First).ToHaveTextAsync("Confirmed");
        visit.WentWell();
    }

    [Fact]
    public async Task Figures_are_looked_at_again_and_again_until_one_pauses()
    {
        await PlaceAsync();
        await using var visit = await OpenAsync();

        await Expect(visit.Page.Locator("#minutes svg[aria-label^='Orders placed']")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator("#lag svg[aria-label^='Lag of the outbox']")).ToBeVisibleAsync();
        await Expect(visit.Page.Locator(".state.is-pending .figure")).Not.ToHaveTextAsync("0");
        await visit.Page.RunAndWaitForResponseAsync(() => Task.CompletedTask, answer => answer.Url.EndsWith("/api/operations/summary", StringComparison.Ordinal));
        await visit.Button("Pause").ClickAsync();
        await Expect(visit.At("pause")).ToHaveAttributeAsync("aria-pressed", "true");
        visit.WentWell();
    }

    [Fact]
    public async Task Where_tokens_say_who_asks_the_page_shows_nothing_without_one_and_keeps_it_in_its_tab()
    {
        var user = Guid.NewGuid();
        using var api = await ApiProcess.StartAsync(shop, TokenApi.Settings(TokenApi.Secret));
        await using var visit = await chromium.OpenAsync(api.Client.BaseAddress!, "/operations");

        await Expect(visit.At("sign-in")).ToBeVisibleAsync();
        await Expect(visit.At("figures")).ToBeHiddenAsync();
        await SignInAsync("no token");
        await Expect(visit.At("token-error")).ToContainTextAsync("not a JWT");
        await SignInAsync(BearerToken.For(user));
        await Expect(visit.At("token-error")).ToContainTextAsync(Role);
        await Expect(visit.At("figures")).ToBeHiddenAsync();

        await SignInAsync(BearerToken.For(user, token => token.Claims["roles"] = new[] { Role }));
        await Expect(visit.At("figures")).ToBeVisibleAsync();
        await Expect(visit.At("sign-in")).ToBeHiddenAsync();
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("localStorage.length + document.cookie.length"));

        await visit.Button("Sign out").ClickAsync();
        await Expect(visit.At("sign-in")).ToBeVisibleAsync();
        Assert.Equal(0, await visit.Page.EvaluateAsync<int>("sessionStorage.length"));

        async Task SignInAsync(string token)
        {
            await visit.At("token").FillAsync(token);
            await visit.Button("Sign in").ClickAsync();
        }
    }

    [Fact]
    public async Task Pages_run_their_own_scripts_only_and_make_no_markup_of_texts()
    {
        foreach (var path in new[] { "/operations", "/shop" })
        {
            using var page = await shop.Api.GetAsync(path);
            var html = await page.Content.ReadAsStringAsync();
            var policy = page.Headers.GetValues("Content-Security-Policy").Single();

            Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType?.MediaType));
            Assert.StartsWith("default-src 'self';", policy, StringComparison.Ordinal);
            Assert.Contains("require-trusted-types-for 'script'", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.DoesNotMatch("<script(?![^>]* src=\"/)", html);
            Assert.DoesNotMatch("\\s(on[a-z]+|style)=", html);
            Assert.DoesNotContain("//", html, StringComparison.Ordinal);
            Assert.Equal("no-cache", page.Headers.CacheControl?.ToString());
            using var again = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { IfNoneMatch = { page.Headers.ETag! } } };
            Assert.Equal(HttpStatusCode.NotModified, (await shop.Api.SendAsync(again)).StatusCode);
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 1280)]
    [InlineData(ColorScheme.Light, 360)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task It_has_no_barriers_and_fits_the_screen(ColorScheme colors, int width)
    {
        var (_, order) = await PlaceAsync();
        await ParkPaymentAsync(order, "Something was wrong");
        await using var visit = await OpenAsync($"#order={order}", colors, width);
        await Expect(visit.At("story")).ToContainTextAsync("order.placed");
        await visit.At("query").FillAsync("");
        await visit.At("find").ClickAsync();
        await Expect(visit.Page.Locator("#found .id").First).ToBeVisibleAsync();

        await Barriers.HasNoneAsync(visit.Page, width);
        await visit.Page.Locator("#letters tr", new() { HasText = order.ToString() }).GetByRole(AriaRole.Button).ClickAsync();
        await Expect(visit.At("replay-body")).ToContainTextAsync("amount");
        await Barriers.HasNoneAsync(visit.Page, width);
        visit.WentWell();
    }

    private async Task<Visit> OpenAsync(string fragment = "", ColorScheme colors = ColorScheme.Light, int width = 1280)
    {
        var visit = await chromium.OpenAsync(shop.Api.BaseAddress!, $"/operations{fragment}", colors, width);
        await Expect(visit.At("figures")).ToBeVisibleAsync();
        return visit;
    }

    private async Task<(Customer Customer, Guid Order)> PlaceAsync()
    {
        var customer = shop.NewCustomer();
        return (customer, (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id);
    }

    /// <summary>Puts a payment where the consumer puts what it could not handle.</summary>
    private Task<long> ParkPaymentAsync(Guid order, string error)
    {
        var id = Guid.CreateVersion7().ToString();
        return shop.ScalarAsync<long>(
            """
            INSERT INTO parked_messages (id, topic, key, headers, payload, error, attempts, failed_at)
            VALUES ($1, 'cloudforge.payments', $2, $3::jsonb, $4, $5, 10, clock_timestamp())
            """,
            Guid.Parse(id),
            order.ToString(),
            JsonSerializer.Serialize(new Dictionary<string, string> { ["ce_id"] = id, ["ce_type"] = "io.cloudforge.payment.succeeded.v1", ["ce_source"] = "/tests" }),
            System.Text.Encoding.UTF8.GetBytes($$"""{"orderId":"{{order}}","amount":10.00,"currency":"EUR"}"""),
            error);
    }
}
