using System.Net;
using System.Text.RegularExpressions;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>GET /api/orders: pages that lead to each other, filters, totals.</summary>
[Collection(OneShop.Name)]
public sealed partial class OrderListTests(ShopFixture shop)
{
    private const string Orders = "/api/orders";

    [Fact]
    public async Task The_list_is_newest_first_in_pages_that_lead_to_each_other()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(5);

        var pages = await WalkAsync(customer, $"{Orders}?page=0&size=2", "next");

        Assert.Equal(placed, pages.SelectMany(Ids));
        Assert.Equal([0, 1, 2], pages.Select(page => page.Body.GetProperty("page").GetInt32()));
        Assert.All(pages, page => Assert.Equal(2, page.Body.GetProperty("size").GetInt32()));
        Assert.All(pages, page => Assert.Equal(LinkOf(page, "next"), page.Body.GetProperty("next").GetString()));
        Assert.Null(LinkOf(pages[0], "prev"));
    }

    [Fact]
    public async Task The_way_back_is_the_way_there()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(5);
        var there = await WalkAsync(customer, $"{Orders}?size=2", "next");

        var back = await WalkAsync(customer, LinkOf(there[^1], "prev")!, "prev");

        Assert.Equal(placed.Take(4), back.AsEnumerable().Reverse().SelectMany(Ids));
        Assert.Equal([1, 0], back.Select(page => page.Body.GetProperty("page").GetInt32()));
        Assert.Equal(Ids(there[1]), Ids(await customer.GetAsync(LinkOf(back[^1], "next")!)));
    }

    [Fact]
    public async Task A_page_by_its_number_leads_both_ways()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(7);

        var page = (await customer.GetAsync($"{Orders}?page=1&size=2")).Is(HttpStatusCode.OK);

        Assert.Equal(placed[2..4], Ids(page));
        Assert.Equal(placed[4..6], Ids(await customer.GetAsync(LinkOf(page, "next")!)));
        Assert.Equal(placed[..2], Ids(await customer.GetAsync(LinkOf(page, "prev")!)));
    }

    [Fact]
    public async Task Beyond_the_last_page_the_way_back_leads_to_the_oldest_orders()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(3);

        var beyond = (await customer.GetAsync($"{Orders}?page=9&size=2")).Is(HttpStatusCode.OK);
        var last = (await customer.GetAsync(LinkOf(beyond, "prev")!)).Is(HttpStatusCode.OK);

        Assert.Empty(Ids(beyond));
        Assert.Null(LinkOf(beyond, "next"));
        Assert.Equal(placed[1..], Ids(last));
        Assert.Null(LinkOf(last, "next"));
        Assert.Equal(placed[..1], Ids(await customer.GetAsync(LinkOf(last, "prev")!)));
    }

    [Fact]
    public async Task A_way_back_on_which_nothing_is_left_leads_to_the_first_page()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(3);
        var second = await customer.GetAsync(LinkOf(await customer.GetAsync($"{Orders}?status=PENDING&size=1"), "next")!);
        Assert.Equal(placed[1..2], Ids(second));
        await customer.CancelAsync(placed[0]);

        var nothing = (await customer.GetAsync(LinkOf(second, "prev")!)).Is(HttpStatusCode.OK);

        Assert.Empty(Ids(nothing));
        Assert.Null(LinkOf(nothing, "prev"));
        Assert.Equal(placed[1..2], Ids(await customer.GetAsync(LinkOf(nothing, "next")!)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Orders_of_one_instant_are_not_lost_between_pages(int size)
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(7);
        await shop.ScalarAsync<int>("UPDATE orders SET created_at = $2 WHERE id = ANY ($1)", placed.Skip(1).Take(5).ToArray(), DateTime.UtcNow.AddHours(-1));

        var there = await WalkAsync(customer, $"{Orders}?size={size}", "next");
        var back = await WalkAsync(customer, $"{Orders}?page=99&size={size}", "prev");

        Assert.Equal(placed.Order(), there.SelectMany(Ids).Order());
        Assert.Equal(there.SelectMany(Ids), back.AsEnumerable().Reverse().SelectMany(Ids));
    }

    [Fact]
    public async Task Following_the_pages_while_orders_are_placed_neither_skips_nor_repeats()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(9);
        var product = await shop.NewProductAsync(stock: 100_000);
        using var enough = new CancellationTokenSource();
        var shopping = Task.WhenAll(Enumerable.Range(0, 2).Select(async _ =>
        {
            while (!enough.IsCancellationRequested)
            {
                (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created);
            }
        }));
        List<Guid> there, back;
        try
        {
            there = [.. (await WalkAsync(customer, $"{Orders}?size=2", "next")).SelectMany(Ids)];
            back = [.. (await WalkAsync(customer, $"{Orders}?page=100000&size=20", "prev", pages: 3)).AsEnumerable().Reverse().SelectMany(Ids)];
        }
        finally
        {
            await enough.CancelAsync();
            await shopping;
        }

        Assert.Equal(there.Distinct(), there);
        Assert.Equal(placed, there.Where(placed.Contains));
        Assert.Equal(back.Distinct(), back);
        Assert.Equal(placed, back.Where(placed.Contains));
    }

    [Fact]
    public async Task The_next_page_starts_where_this_one_ended_although_orders_were_placed()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(4);
        var product = await shop.NewProductAsync();
        var first = await customer.GetAsync($"{Orders}?size=2");
        var newer = new List<Guid>();
        for (var i = 0; i < 3; i++)
        {
            newer.Insert(0, (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        }

        var second = await customer.GetAsync(LinkOf(first, "next")!);
        var back = await WalkAsync(customer, LinkOf(second, "prev")!, "prev");

        Assert.Equal(placed[2..], Ids(second));
        Assert.Equal([.. newer, .. placed[..2]], back.AsEnumerable().Reverse().SelectMany(Ids));
    }

    [Fact]
    public async Task The_total_is_counted_on_request_over_all_pages()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(3);
        await customer.CancelAsync(placed[0]);

        var first = (await customer.GetAsync($"{Orders}?size=1&includeTotal=true&status=PENDING")).Is(HttpStatusCode.OK);
        var second = (await customer.GetAsync(LinkOf(first, "next")!)).Is(HttpStatusCode.OK);

        Assert.Equal([2, 2], new[] { first, second }.Select(page => page.Body.GetProperty("totalItems").GetInt32()));
        Assert.Equal(placed[2..], Ids(second));
        Assert.Null(LinkOf(second, "next"));
        Assert.False((await customer.GetAsync(Orders)).Body.TryGetProperty("totalItems", out _));
        Assert.False((await customer.GetAsync($"{Orders}?includeTotal=false")).Body.TryGetProperty("totalItems", out _));
    }

    [Fact]
    public async Task The_list_can_be_narrowed_to_a_status_and_a_time()
    {
        var (customer, placed) = await NewCustomerWithOrdersAsync(4);
        await customer.CancelAsync(placed[3]);
        var middle = (await customer.GetAsync($"{Orders}/{placed[1]}")).Body.GetProperty("createdAt").GetString()!;

        Assert.Equal(placed[3..], Ids(await customer.GetAsync($"{Orders}?status=CANCELLED")));
        Assert.Equal(placed[..2], Ids(await customer.GetAsync($"{Orders}?from={middle}")));
        Assert.Equal(placed[2..], Ids(await customer.GetAsync($"{Orders}?to={middle}")));
        Assert.Equal(placed[2..3], Ids(await customer.GetAsync($"{Orders}?to={middle}&status=PENDING")));
        Assert.Empty(Ids(await customer.GetAsync($"{Orders}?from={middle}&to={middle}")));
        Assert.Equal(placed[2..], (await WalkAsync(customer, $"{Orders}?to={middle}&size=1", "next")).SelectMany(Ids));
    }

    [Theory]
    [InlineData("2026-01-31")]
    [InlineData("2026-01-31T09:30")]
    [InlineData("2026-01-31T09:30Z")]
    [InlineData("2026-01-31T09:30:00")]
    [InlineData("2026-01-31T09:30:00Z")]
    [InlineData("2026-01-31T09:30:00.123456Z")]
    [InlineData("2026-01-31T09:30:00.123456789Z")]
    [InlineData("2026-01-31T09:30:00.5%2B05:30")]
    [InlineData("2026-01-31T09:30:00-08:00")]
    [InlineData("0001-01-01")]
    [InlineData("9999-12-31T23:59:59.9999999Z")]
    public async Task Instants_are_iso_8601_dates_and_date_times(string instant)
    {
        var customer = shop.NewCustomer();

        (await customer.GetAsync($"{Orders}?from={instant}")).Is(HttpStatusCode.OK);
        (await customer.GetAsync($"{Orders}?to={instant}")).Is(HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("5")]
    [InlineData("May")]
    [InlineData("today")]
    [InlineData("2026")]
    [InlineData("2026-13-01")]
    [InlineData("2026-02-30")]
    [InlineData("01/31/2026")]
    [InlineData("2026-01-31 09:30:00")]
    [InlineData("2026-01-31T09:30:00 02:00")]
    [InlineData("09:30:00Z")]
    [InlineData("1769850000")]
    [InlineData("0001-01-01T00:00:00%2B14:00")]
    [InlineData("")]
    public async Task What_is_no_iso_8601_instant_is_named(string instant)
    {
        var customer = shop.NewCustomer();

        foreach (var field in new[] { "from", "to" })
        {
            Assert.Equal([field], Invalid(await customer.GetAsync($"{Orders}?{field}={instant}")));
        }
    }

    [Fact]
    public async Task A_time_that_ends_before_it_starts_names_both_ends() => Assert.Equal(
        ["from", "to"],
        Invalid(await shop.NewCustomer().GetAsync($"{Orders}?from=2026-02-01&to=2026-01-31T23:59:59Z")));

    [Fact]
    public async Task What_is_no_cursor_is_named()
    {
        var (customer, _) = await NewCustomerWithOrdersAsync(2);
        var cursor = Regex.Match(LinkOf(await customer.GetAsync($"{Orders}?size=1"), "next")!, "cursor=([^&]+)").Groups[1].Value;

        foreach (var bad in new[]
        {
            "", "x", "null", "%00", "%F0%9F%9B%92", cursor[..^1], cursor[1..], cursor + "A", cursor + "=", $"{cursor},{cursor}",
            new string('A', 10_000), new string('_', cursor.Length), new string(' ', cursor.Length - 1) + "A",
        })
        {
            Assert.Equal(["cursor"], Invalid(await customer.GetAsync($"{Orders}?cursor={bad}")));
        }
    }

    [Theory]
    [InlineData("page=0&page=1", "page")]
    [InlineData("size=1&size=2", "size")]
    [InlineData("status=PENDING&status=CANCELLED", "status")]
    [InlineData("from=2026-01-01&from=2026-01-02", "from")]
    [InlineData("to=2026-01-01&to=2026-01-02", "to")]
    [InlineData("cursor=a&cursor=b", "cursor")]
    [InlineData("includeTotal=true&includeTotal=true", "includeTotal")]
    [InlineData("includeTotal=yes", "includeTotal")]
    [InlineData("includeTotal=1", "includeTotal")]
    [InlineData("includeTotal=", "includeTotal")]
    public async Task A_parameter_given_twice_or_with_another_value_than_it_has_is_named(string query, string field) =>
        Assert.Equal([field], Invalid(await shop.NewCustomer().GetAsync($"{Orders}?{query}")));

    private async Task<(Customer Customer, Guid[] Newest)> NewCustomerWithOrdersAsync(int count)
    {
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var placed = new List<Guid>();
        for (var i = 0; i < count; i++)
        {
            placed.Insert(0, (await customer.OrderAsync(product, 1)).Is(HttpStatusCode.Created).Id);
        }

        return (customer, [.. placed]);
    }

    private static async Task<List<Answer>> WalkAsync(Customer customer, string address, string relation, int pages = int.MaxValue)
    {
        var walked = new List<Answer>();
        for (string? next = address; next is not null && walked.Count < pages; next = LinkOf(walked[^1], relation))
        {
            walked.Add((await customer.GetAsync(next)).Is(HttpStatusCode.OK));
        }

        return walked;
    }

    private static IEnumerable<Guid> Ids(Answer page) =>
        page.Is(HttpStatusCode.OK).Body.GetProperty("items").EnumerateArray().Select(order => order.GetProperty("id").GetGuid());

    private static IEnumerable<string> Invalid(Answer answer) =>
        answer.IsProblem(HttpStatusCode.BadRequest, "validation").Body.GetProperty("errors").EnumerateObject().Select(error => error.Name).Order();

    private static string? LinkOf(Answer page, string relation) =>
        page.Response.Headers.TryGetValues("Link", out var values)
            ? Link().Matches(string.Join(", ", values)).Where(link => link.Groups["rel"].Value == relation).Select(link => link.Groups["address"].Value).SingleOrDefault()
            : null;

    [GeneratedRegex("<(?<address>[^>]+)>; rel=\"(?<rel>[a-z]+)\"")]
    private static partial Regex Link();
}
