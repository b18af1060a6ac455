using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.EntityFrameworkCore;
using NJsonSchema;
using Npgsql;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>Orders of another system, in and out.</summary>
[Collection(OneShop.Name)]
public sealed class ImportTests(ShopFixture shop)
{
    private const string Import = "/api/operations/import";
    private const string Export = "/api/operations/export";
    private const string NdJson = "application/x-ndjson";

    private static readonly (string, string) Role = ("X-User-Roles", "orders:operate");

    [Fact]
    public async Task An_imported_order_is_read_and_listed_by_its_customer_and_nobody_else_is_told()
    {
        var customer = shop.NewCustomer();
        var line = Line(customer, "DELIVERED");

        var report = await ImportAsync(line);

        Assert.Equal((1, 1, 0, 0), Counts(report));
        var order = Assert.Single((await customer.GetAsync("/api/orders?includeTotal=true")).Is(HttpStatusCode.OK).Body.GetProperty("items").EnumerateArray());
        Assert.Equal(("DELIVERED", 20.00m, "EUR", "1 Main Street"), (
            Text(order, "status"), order.GetProperty("totalAmount").GetDecimal(), Text(order, "currency"), Text(order, "shippingAddress")));
        Assert.Equal(Instant(line, "createdAt"), order.GetProperty("createdAt").GetDateTimeOffset());
        var id = order.GetProperty("id").GetGuid();
        var history = (await customer.GetAsync($"/api/orders/{id}/history")).Is(HttpStatusCode.OK).Body.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["PENDING", "DELIVERED"], history.Select(step => Text(step, "to")));
        (await shop.NewCustomer().GetAsync($"/api/orders/{id}")).IsProblem(HttpStatusCode.NotFound, "order-not-found");
        (await customer.CancelAsync(id)).IsProblem(HttpStatusCode.Conflict, "order-not-cancellable");

        // Whatever it told would have come before this.
        var later = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        await shop.Events.WaitAsync(later, 1);
        Assert.Empty(shop.Events.Of(id));
        Assert.Equal(0, await shop.ScalarAsync<long>("SELECT count(*) FROM outbox_messages WHERE order_id = $1", id));
    }

    [Fact]
    public async Task The_same_lines_again_change_nothing_and_that_is_said()
    {
        var customer = shop.NewCustomer();
        string[] lines = [.. Enumerable.Range(0, 3).Select(_ => Line(customer, "CONFIRMED").ToJsonString())];
        Assert.Equal((3, 3, 0, 0), Counts(await ImportAsync(lines)));
        var before = (await customer.GetAsync("/api/orders")).Body.GetRawText();

        Assert.Equal((4, 0, 4, 0), Counts(await ImportAsync([.. lines, lines[0]])));

        Assert.Equal(before, (await customer.GetAsync("/api/orders")).Body.GetRawText());

        // Nor when it has gone on since.
        var id = (await customer.GetAsync("/api/orders")).Body.GetProperty("items")[0].GetProperty("id").GetGuid();
        await shop.Publisher.FulfilledAsync("picked", id);
        await customer.WaitAsync(id, "PROCESSING");
        Assert.Equal((3, 0, 3, 0), Counts(await ImportAsync(lines)));
        Assert.Equal("PROCESSING", (await customer.GetAsync($"/api/orders/{id}")).OrderStatus);
        Assert.Equal([3], (await shop.Events.WaitAsync(id, 1)).Select(told => told.Sequence));
    }

    [Fact]
    public async Task Refused_lines_are_told_by_their_number_and_stop_no_other()
    {
        var customer = shop.NewCustomer();
        string Good() => Line(customer, "SHIPPED").ToJsonString();
        string Bad(string field, JsonNode? value)
        {
            var line = Line(customer, "SHIPPED");
            line[field] = value;
            return line.ToJsonString();
        }

        var known = Good();
        await ImportAsync(known);
        var other = JsonNode.Parse(known)!;
        other["notes"] = "Another one";

        string[] lines =
        [
            "\uFEFF" + Good(), // 1
            "{", // 2
            "", // 3
            "[]", // 4
            Bad("status", "LOST"), // 5
            Bad("status", "PENDING"), // 6
            Bad("createdAt", "2999-01-01T00:00:00Z"), // 7
            Bad("createdAt", "2020-01-31T09:30:00"), // 8
            Bad("items", new JsonArray()), // 9
            Bad("userId", 17), // 10
            $"{Good()} {Good()}", // 11
            other.ToJsonString(), // 12
            Good().Replace("1 Main Street", "\uD83C\uDFE0 \\ud800", StringComparison.Ordinal), // 13
            new string('[', 10_000), // 14
            "null", // 15
            $$"""{{Good()[..^1]}},"notes":"twice","notes":"twice"}""", // 16
            "  ", // 17
            Good(), // 18
        ];

        var report = await ImportAsync(Encoding.UTF8.GetBytes(string.Join("\r\n", lines)));

        Assert.Equal((16, 2, 0, 14), Counts(report));
        var refusals = report.GetProperty("refusals").EnumerateArray().ToDictionary(refusal => refusal.GetProperty("line").GetInt32(), refusal => Text(refusal, "reason")!);
        Assert.Equal([2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], refusals.Keys);
        Assert.StartsWith("status: ", refusals[5], StringComparison.Ordinal);
        Assert.StartsWith("status: Is not PENDING", refusals[6], StringComparison.Ordinal);
        Assert.StartsWith("createdAt: Is in the future", refusals[7], StringComparison.Ordinal);
        Assert.StartsWith("createdAt: ", refusals[8], StringComparison.Ordinal);
        Assert.StartsWith("items: ", refusals[9], StringComparison.Ordinal);
        Assert.StartsWith("userId: ", refusals[10], StringComparison.Ordinal);
        Assert.StartsWith("externalId: There is an order of this external id already", refusals[12], StringComparison.Ordinal);
        Assert.StartsWith("notes: ", refusals[16], StringComparison.Ordinal);
        Assert.Equal(3, (await customer.GetAsync("/api/orders?includeTotal=true")).Body.GetProperty("totalItems").GetInt32());
    }

    [Fact]
    public async Task Bytes_that_are_no_text_and_lines_without_an_end_are_refused_and_what_follows_is_taken()
    {
        var customer = shop.NewCustomer();
        var (first, last) = (Encoding.UTF8.GetBytes(Line(customer, "DELIVERED").ToJsonString()), Encoding.UTF8.GetBytes(Line(customer, "DELIVERED").ToJsonString()));
        var spoilt = Encoding.UTF8.GetBytes(Line(customer, "DELIVERED").ToJsonString().Replace("1 Main Street", "?", StringComparison.Ordinal));
        spoilt[Array.IndexOf(spoilt, (byte)'?')] = 0xFF;
        byte[] endless = [.. "{\"externalId\":\""u8, .. Enumerable.Repeat((byte)'x', 3 * 1024 * 1024), .. "\"}"u8];

        var report = await ImportAsync([.. first, (byte)'\n', .. spoilt, (byte)'\n', .. endless, (byte)'\n', 0, 1, 2, (byte)'\n', .. last]);

        Assert.Equal((5, 2, 0, 3), Counts(report));
        Assert.Equal(
            [(2, "Is not UTF-8."), (3, "A line has at most 1024 KiB."), (4, "Is not the JSON object of an order (byte 1).")],
            report.GetProperty("refusals").EnumerateArray().Select(refusal => (refusal.GetProperty("line").GetInt32(), Text(refusal, "reason")!)));
    }

    [Fact]
    public async Task Of_two_lines_of_one_order_the_first_counts_and_a_different_one_is_refused()
    {
        var customer = shop.NewCustomer();
        var (first, sameId, sameExternalId) = (Line(customer, "DELIVERED"), Line(customer, "DELIVERED"), Line(customer, "DELIVERED"));
        var id = Guid.NewGuid().ToString();
        first["id"] = id;
        sameId["id"] = id;
        sameExternalId["externalId"] = first["externalId"]!.DeepClone();
        var native = (await customer.OrderAsync(await shop.NewProductAsync(), 1)).Is(HttpStatusCode.Created).Id;
        var ofThisShop = Line(customer, "DELIVERED");
        ofThisShop["id"] = native.ToString();

        var report = await ImportAsync(first, sameId, sameExternalId, ofThisShop, first);

        Assert.Equal((5, 1, 1, 3), Counts(report));
        Assert.Equal([2, 3, 4], report.GetProperty("refusals").EnumerateArray().Select(refusal => refusal.GetProperty("line").GetInt32()));
        (await customer.GetAsync($"/api/orders/{id}")).Is(HttpStatusCode.OK);
        Assert.Equal("PENDING", (await customer.GetAsync($"/api/orders/{native}")).OrderStatus);
    }

    [Fact]
    public async Task What_is_exported_can_be_imported_elsewhere_and_is_the_same_there()
    {
        // One order that was placed here and has come far, one that was partly cancelled after its payment, one that came from elsewhere.
        var customer = shop.NewCustomer();
        var product = await shop.NewProductAsync();
        var (shipped, reduced) = (
            (await customer.OrderAsync(product, 2)).Is(HttpStatusCode.Created).Id, (await customer.OrderAsync(product, 3)).Is(HttpStatusCode.Created).Id);
        await shop.Publisher.PaymentSucceededAsync(shipped, 25.00m);
        await shop.Publisher.PaymentSucceededAsync(reduced, 30.00m);
        await shop.Publisher.FulfilledAsync("picked", shipped);
        await shop.Publisher.FulfilledAsync("picked-up", shipped);
        await customer.WaitAsync(shipped, "SHIPPED");
        await customer.WaitAsync(reduced, "CONFIRMED");
        (await customer.CancelItemsAsync(reduced, [(product, 1)])).Is(HttpStatusCode.OK);
        var from = DateTimeOffset.UtcNow.AddMinutes(-30);
        var foreign = Line(customer, "CANCELLED", from.AddMinutes(1));
        foreign["notes"] = "Désk 'n \"chair\" \U0001F3E0";
        foreign["paidAmount"] = 20.00m;
        Assert.Equal((1, 1, 0, 0), Counts(await ImportAsync(foreign)));
        var lines = await ExportAsync(shop.Api, customer, $"?from={Uri.EscapeDataString(from.ToString("O", CultureInfo.InvariantCulture))}");
        Assert.Equal(3, lines.Count);
        await AreAsDocumentedAsync(lines);

        await using var database = await shop.NewDatabaseAsync("elsewhere");
        await database.Database.MigrateAsync();
        using var elsewhere = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ($"ConnectionStrings:{ResourceNames.Orders}", database.Database.GetConnectionString()!));
        var there = new Customer(elsewhere.Client, customer.UserId);
        Assert.Equal((3, 3, 0, 0), Counts(await ImportAsync(there, lines)));

        Assert.Equal(lines, await ExportAsync(elsewhere.Client, customer, ""));
        foreach (var id in new[] { shipped, reduced })
        {
            Assert.Equal(Shown(await customer.GetAsync($"/api/orders/{id}")), Shown(await there.GetAsync($"/api/orders/{id}")));
            Assert.Equal((await customer.GetAsync($"/api/orders/{id}/history")).Body.GetRawText(), (await there.GetAsync($"/api/orders/{id}/history")).Body.GetRawText());
        }

        // Back home nothing of it is new.
        Assert.Equal((3, 0, 3, 0), Counts(await ImportAsync([.. lines])));

        // The ids of lines are each database's own.
        static string Shown(Answer order)
        {
            var shown = JsonNode.Parse(order.Is(HttpStatusCode.OK).Body.GetRawText())!;
            foreach (var item in shown["items"]!.AsArray())
            {
                item!.AsObject().Remove("id");
            }

            return shown.ToJsonString();
        }
    }

    [Fact]
    public async Task A_connection_that_breaks_leaves_whole_orders_and_the_repeat_does_the_rest()
    {
        var customer = shop.NewCustomer();
        string[] lines = [.. Enumerable.Range(0, 2_500).Select(_ => Line(customer, "DELIVERED").ToJsonString())];
        var body = string.Concat(lines.Select(line => $"{line}\n"));
        using (var connection = await RawConnection.OpenAsync(shop.Api.BaseAddress!))
        {
            await connection.SendAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"POST {Import} HTTP/1.1\r\nHost: shop\r\nX-User-Id: {customer.UserId}\r\nX-User-Roles: orders:operate\r\nContent-Type: {NdJson}\r\nContent-Length: {body.Length}\r\n\r\n"));
            await connection.SendAsync(body[..^(body.Length / 10)]);
            await Eventually.SeeAsync(CountAsync, orders => orders >= 1_000, "the first orders being there");
        }

        var report = await Eventually.SeeAsync(
            () => TryImportAsync(lines), answer => answer.Status == HttpStatusCode.OK, "the import that broke being over");

        var (received, imported, unchanged, refused) = Counts(report.Body);
        Assert.Equal((2_500, 2_500, 0), (received, imported + unchanged, refused));
        Assert.True(unchanged >= 1_000, $"{unchanged} were there already.");
        Assert.Equal(2_500, await CountAsync());
        Assert.Equal(2_500, await shop.ScalarAsync<long>(
            """
            SELECT count(*) FROM orders o
            WHERE user_id = $1 AND total_amount = (SELECT sum(total_price) FROM order_items WHERE order_id = o.id)
              AND (SELECT count(*) FROM order_history WHERE order_id = o.id) = 2 AND EXISTS (SELECT FROM imported_orders WHERE order_id = o.id)
            """,
            customer.UserId));

        Task<long> CountAsync() => shop.ScalarAsync<long>("SELECT count(*) FROM orders WHERE user_id = $1", customer.UserId);

        async Task<Answer> TryImportAsync(string[] all) => await customer.SendAsync(HttpMethod.Post, Import, Body(Encoding.UTF8.GetBytes(string.Join('\n', all))), Role);
    }

    [Fact]
    public async Task Five_thousand_orders_are_imported_listed_and_exported_each_once()
    {
        var customer = shop.NewCustomer();
        var first = DateTimeOffset.UtcNow.AddYears(-3).AddSeconds(Random.Shared.Next(10_000_000));
        string[] lines = [.. Enumerable.Range(0, 5_000).Select(i => Line(customer, "DELIVERED", first.AddMilliseconds(i)).ToJsonString())];

        Assert.Equal((5_000, 5_000, 0, 0), Counts(await ImportAsync(lines)));

        var page = (await customer.GetAsync("/api/orders?includeTotal=true&size=100&status=DELIVERED")).Is(HttpStatusCode.OK).Body;
        Assert.Equal((5_000, 100), (page.GetProperty("totalItems").GetInt32(), page.GetProperty("items").GetArrayLength()));
        var exported = await ExportAsync(
            shop.Api, customer, $"?status=DELIVERED&from={Escape(first)}&to={Escape(first.AddMilliseconds(5_000))}");
        Assert.Equal(
            lines.Select(line => Text(JsonDocument.Parse(line).RootElement, "externalId")).Order(StringComparer.Ordinal),
            exported.Select(line => Text(JsonDocument.Parse(line).RootElement, "externalId")).Order(StringComparer.Ordinal));

        static string Escape(DateTimeOffset instant) => Uri.EscapeDataString(instant.ToString("O", CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task Among_many_orders_only_those_of_the_file_are_looked_at()
    {
        await using var database = await shop.NewDatabaseAsync("many");
        await database.Database.MigrateAsync();
        await database.Database.ExecuteSqlAsync(
            $"""
            INSERT INTO orders (id, user_id, status, total_amount, currency, shipping_address, has_reservation, created_at, updated_at, version, last_sequence)
            SELECT gen_random_uuid(), gen_random_uuid(), 'DELIVERED', 1, 'EUR', '1 Main Street', false, now(), now(), 1, 1 FROM generate_series(1, 150000);
            INSERT INTO imported_orders (external_id, order_id, content_hash, imported_at) SELECT id::text, id, '', now() FROM orders;
            ANALYZE orders, imported_orders;
            SELECT pg_stat_force_next_flush()
            """);
        await using var statistics = NpgsqlDataSource.Create(database.Database.GetConnectionString()!);
        var before = await RowsReadAsync();
        using var elsewhere = await ApiProcess.StartAsync(shop, ApiProcess.Gateway, ($"ConnectionStrings:{ResourceNames.Orders}", database.Database.GetConnectionString()!));
        var there = new Customer(elsewhere.Client, Guid.NewGuid());

        Assert.Equal((1_000, 1_000, 0, 0), Counts(await ImportAsync(there, [.. Enumerable.Range(0, 1_000).Select(_ => Line(there, "DELIVERED").ToJsonString())])));

        // PostgreSQL counts when the import's session ends.
        await Eventually.SeeAsync(WrittenAsync, rows => rows >= 151_000, "the import being counted");
        Assert.InRange(await RowsReadAsync() - before, 0, 50_000);

        Task<long> WrittenAsync() => CountAsync("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 'imported_orders'");

        Task<long> RowsReadAsync() => CountAsync(
            """
            SELECT (SELECT sum(seq_tup_read) FROM pg_stat_user_tables WHERE relname IN ('orders', 'imported_orders'))::bigint
                + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes WHERE relname IN ('orders', 'imported_orders'))::bigint
            """);

        async Task<long> CountAsync(string statistic)
        {
            await using var command = statistics.CreateCommand(statistic);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task A_replica_imports_one_file_at_a_time()
    {
        var customer = shop.NewCustomer();
        var line = $"{Line(customer, "DELIVERED").ToJsonString()}\n";
        using var slow = await RawConnection.OpenAsync(shop.Api.BaseAddress!);
        await slow.SendAsync(string.Create(
            CultureInfo.InvariantCulture,
            $"POST {Import} HTTP/1.1\r\nHost: shop\r\nX-User-Id: {customer.UserId}\r\nX-User-Roles: orders:operate\r\nContent-Type: {NdJson}\r\nContent-Length: {line.Length}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"));

        // It is asked for its lines once it has its place.
        Assert.StartsWith("HTTP/1.1 100 ", await slow.ReadAsync(), StringComparison.Ordinal);
        var refused = (await customer.SendAsync(HttpMethod.Post, Import, Body([]), Role)).IsProblem(HttpStatusCode.Conflict, "import-in-progress");
        Assert.Equal(TimeSpan.FromSeconds(1), refused.Response.Headers.RetryAfter?.Delta);
        await slow.SendAsync(line);
        Assert.Contains("\"imported\":1", await slow.ReadToEndAsync(), StringComparison.Ordinal);
        Assert.Equal((0, 0, 0, 0), Counts(await ImportAsync(Array.Empty<byte>())));
    }

    [Fact]
    public async Task An_export_ends_when_the_client_goes_away_and_tells_what_is_no_filter()
    {
        var customer = shop.NewCustomer();
        using (var request = new HttpRequestMessage(HttpMethod.Get, Export))
        {
            request.Headers.Add("X-User-Id", customer.UserId.ToString());
            request.Headers.Add("X-User-Roles", "orders:operate");
            using var gone = await shop.Api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            Assert.Equal(HttpStatusCode.OK, gone.StatusCode);
        }

        await Eventually.SeeAsync(
            () => customer.GetAsync($"{Export}?status=CANCELLED", Role), answer => answer.Status == HttpStatusCode.OK, "the place being free again");
        (await customer.GetAsync($"{Export}?status=lost&from=x&to=31.1.2020", Role)).IsProblem(HttpStatusCode.BadRequest, "validation");
    }

    [Fact]
    public async Task Only_an_import_may_be_larger_than_64_KiB_and_it_has_its_own_type()
    {
        var customer = shop.NewCustomer();

        (await customer.SendAsync(HttpMethod.Post, Import, new StringContent("{}", Encoding.UTF8, "application/json"), Role))
            .IsProblem(HttpStatusCode.UnsupportedMediaType, "unsupported-media-type");
        (await customer.SendAsync(HttpMethod.Post, "/api/orders", new StringContent(new string(' ', 70_000), Encoding.UTF8, "application/json")))
            .IsProblem(HttpStatusCode.RequestEntityTooLarge, "payload-too-large");
        Assert.Equal((0, 0, 0, 0), Counts(await ImportAsync(Encoding.UTF8.GetBytes(new string('\n', 200_000)))));
    }

    private static JsonObject Line(Customer customer, string status, DateTimeOffset? createdAt = null) => new()
    {
        ["externalId"] = $"T-{Guid.NewGuid():N}",
        ["userId"] = customer.UserId.ToString(),
        ["status"] = status,
        ["currency"] = "EUR",
        ["shippingAddress"] = "1 Main Street",
        ["items"] = new JsonArray(new JsonObject { ["productId"] = "P-0001", ["productName"] = "A thing", ["quantity"] = 2, ["unitPrice"] = 10.00m }),
        ["createdAt"] = (createdAt ?? DateTimeOffset.UtcNow.AddYears(-5)).ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture),
    };

    private static ByteArrayContent Body(byte[] lines) => new(lines) { Headers = { { "Content-Type", NdJson } } };

    private Task<JsonElement> ImportAsync(params JsonObject[] lines) => ImportAsync([.. lines.Select(line => line.ToJsonString())]);

    private Task<JsonElement> ImportAsync(params string[] lines) => ImportAsync(shop.NewCustomer(), lines);

    private Task<JsonElement> ImportAsync(byte[] body) => ImportAsync(shop.NewCustomer(), body);

    private static Task<JsonElement> ImportAsync(Customer sender, IReadOnlyList<string> lines) =>
        ImportAsync(sender, Encoding.UTF8.GetBytes(string.Join('\n', lines)));

    /// <summary>Imports, once the import of a test before, whose client went away, is over.</summary>
    private static async Task<JsonElement> ImportAsync(Customer sender, byte[] body)
    {
        var answer = await Eventually.SeeAsync(
            () => sender.SendAsync(HttpMethod.Post, Import, Body(body), Role), answer => answer.Status != HttpStatusCode.Conflict, "no other import being under way");
        return answer.Is(HttpStatusCode.OK).Body;
    }

    /// <summary>The lines of a customer's orders.</summary>
    private static async Task<List<string>> ExportAsync(HttpClient api, Customer customer, string query)
    {
        var lines = new List<string>();
        await Eventually.SeeAsync(TryAsync, done => done, "no other export being under way");
        return lines;

        async Task<bool> TryAsync()
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{Export}{query}");
            request.Headers.Add("X-User-Id", customer.UserId.ToString());
            request.Headers.Add("X-User-Roles", "orders:operate");
            using var response = await api.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
            if (response.StatusCode == HttpStatusCode.Conflict)
            {
                return false;
            }

            Assert.Equal((HttpStatusCode.OK, NdJson), (response.StatusCode, response.Content.Headers.ContentType?.MediaType));
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
            while (await reader.ReadLineAsync() is { } line)
            {
                if (line.Contains(customer.UserId.ToString(), StringComparison.Ordinal))
                {
                    lines.Add(line);
                }
            }

            return true;
        }
    }

    /// <summary>The fixture's client checks answers that are one JSON; these are many.</summary>
    private async Task AreAsDocumentedAsync(IEnumerable<string> lines)
    {
        var schemas = JsonNode.Parse(await shop.Api.GetStringAsync("/openapi/v1.json"))!["components"]!["schemas"]!;
        var record = schemas["OrderRecord"]!.DeepClone();
        record["definitions"] = schemas.DeepClone();
        record["additionalProperties"] = false;
        var schema = await JsonSchema.FromJsonAsync(record.ToJsonString().Replace("#/components/schemas/", "#/definitions/", StringComparison.Ordinal));
        Assert.All(lines, line => Assert.Empty(schema.Validate(line)));
    }

    private static (int Received, int Imported, int Unchanged, int Refused) Counts(JsonElement report) => (
        report.GetProperty("received").GetInt32(),
        report.GetProperty("imported").GetInt32(),
        report.GetProperty("unchanged").GetInt32(),
        report.GetProperty("refused").GetInt32());

    private static DateTimeOffset Instant(JsonObject line, string field) =>
        DateTimeOffset.Parse(line[field]!.GetValue<string>(), CultureInfo.InvariantCulture);

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
