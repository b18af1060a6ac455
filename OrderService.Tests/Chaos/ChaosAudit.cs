using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using OrderService.Tests.Books;

namespace OrderService.Tests.Chaos;

/// <summary>
/// Audits the books after a round, from outside: on top of what <see cref="Audit"/> looks at, the idempotency keys, the inbox, and what
/// nobody owns any more.
/// </summary>
internal sealed class ChaosAudit(ChaosShop shop, Ledger ledger, ReservationLog reservations, IReadOnlyList<Replica> apis)
{
    private readonly List<string> _findings = [];

    /// <summary>Carts that still showed what was ordered.</summary>
    public int Left { get; private set; }

    public async Task<IReadOnlyList<string>> FindAsync()
    {
        await CheckReservationsAsync();
        await ExpectUnfinishedAsync();
        var findings = await new Audit(shop, ledger).FindAsync();
        await CheckKeysAsync();
        await CheckInboxAsync();
        await CheckHistoryAsync();
        await CheckNothingIsOwedAsync();
        return [.. findings, .. _findings];
    }

    /// <summary>
    /// Whatever is reserved is so for an order. Only what an API had reserved and not written yet when it was killed stays until its expiry,
    /// and an API that lives gives back what it could not write.
    /// </summary>
    private async Task CheckReservationsAsync()
    {
        var written = ledger.Orders.Select(order => order.Id).ToHashSet();
        foreach (var (id, seen) in reservations.Seen.Where(seen => !written.Contains(seen.Key)))
        {
            var killed = apis.Any(api => api.Links.Products == seen.Link && api.KilledAt > seen.At);
            var held = await ReservationAsync(id);
            if (!killed && held is not null)
            {
                await Shop.Eventually.SeeAsync(
                    async () => await ReservationAsync(id) is null, isReleased => isReleased, $"reservation {id}, which has no order, being released");
            }
            else if (held is { } orphan)
            {
                foreach (var item in orphan.GetProperty("items").EnumerateArray())
                {
                    var product = item.GetProperty("productId").GetString()!;
                    ledger.Orphaned[product] = ledger.Orphaned.GetValueOrDefault(product) + item.GetProperty("quantity").GetInt32();
                }
            }
        }
    }

    /// <summary>
    /// What Redis was not told of, being away or its API killed, is still in the cart, together with the id of the checkout that became the
    /// order: so the next checkout makes no other one of it (docs/decisions/0004). Anything else that is too much in a cart is a finding.
    /// </summary>
    private async Task ExpectUnfinishedAsync()
    {
        var known = ledger.Orders.ToDictionary(order => order.Id);
        foreach (var customer in ledger.Customers)
        {
            var checkout = await shop.Redis.HashGetAsync(customer.CartKey, "checkout");
            var order = checkout.HasValue ? await shop.ScalarAsync<Guid>("SELECT id FROM orders WHERE checkout_id = $1", Guid.Parse(checkout.ToString())) : default;
            if (known.TryGetValue(order, out var unfinished))
            {
                Left++;
                foreach (var (product, pieces) in unfinished.Placed)
                {
                    ledger.Count(customer, product, pieces);
                }
            }
        }
    }

    /// <summary>A key is one order: the one that its request was answered with.</summary>
    private async Task CheckKeysAsync()
    {
        var stored = (await shop.RowsAsync(
            "SELECT user_id, key, order_id, count(*) OVER (PARTITION BY user_id, key) FROM idempotency_keys WHERE user_id = ANY ($1)",
            row => (Key: (row.GetGuid(0), row.GetString(1)), Order: row.GetGuid(2), Count: row.GetInt64(3)),
            ledger.Customers.Select(customer => customer.UserId).ToArray())).ToLookup(row => row.Key);
        foreach (var (key, order) in ledger.Keys)
        {
            var rows = stored[key].ToList();
            if (rows is not [{ Count: 1 } row])
            {
                _findings.Add($"Key {key} of {order} is stored {rows.Count} times.");
            }
            else if (row.Order != order.Id)
            {
                _findings.Add($"Key {key} is stored with order {row.Order}, and was answered with {order}.");
            }
        }
    }

    /// <summary>Every event that was published is handled, once.</summary>
    private async Task CheckInboxAsync()
    {
        var handled = (await shop.RowsAsync(
            "SELECT order_id, event_id FROM inbox_messages WHERE order_id = ANY ($1)",
            row => (row.GetGuid(0), row.GetString(1)),
            ledger.Orders.Select(order => order.Id).ToArray())).ToLookup(row => row);
        foreach (var sent in ledger.Events.DistinctBy(e => e.Id))
        {
            if (handled[(sent.Order.Id, sent.Id)].Count() is not 1 and var times)
            {
                _findings.Add($"{sent} is in the inbox {times} times.");
            }
        }

        foreach (var stranger in handled.Select(row => row.Key).Except(ledger.Events.Select(e => (e.Order.Id, e.Id))))
        {
            _findings.Add($"{stranger} is in the inbox, and nobody published it.");
        }
    }

    /// <summary>No order comes into a state twice, and none moves without an event or a request that says so.</summary>
    private async Task CheckHistoryAsync()
    {
        var steps = await shop.RowsAsync(
            """
            SELECT order_id, to_status, by, count(*) FROM order_history
            WHERE order_id = ANY ($1) AND from_status IS DISTINCT FROM to_status
            GROUP BY order_id, to_status, by
            """,
            row => (Order: row.GetGuid(0), Status: row.GetString(1), By: row.GetString(2), Count: row.GetInt64(3)),
            ledger.Orders.Select(order => order.Id).ToArray());
        var forgotten = ledger.Orders.Where(order => order.IsForgotten).Select(order => order.Id).ToHashSet();
        foreach (var (order, status, by, count) in steps.Where(step => step.Count > 1 || (step.By == "system") != (forgotten.Contains(step.Order) && step.Status == "CANCELLED")))
        {
            _findings.Add($"Order {order} became {status} {count} times, by {by}.");
        }
    }

    /// <summary>Outbox and inbox are drained, and no session holds anything.</summary>
    private async Task CheckNothingIsOwedAsync()
    {
        var owed = await shop.ScalarAsync<string>(
            """
            SELECT concat_ws('; ',
                (SELECT 'outbox: ' || string_agg(type || ' of ' || order_id, ', ') FROM outbox_messages),
                (SELECT 'parked: ' || string_agg(topic || ' of ' || key || ' (' || error || ')', ', ') FROM parked_messages),
                (SELECT 'session: ' || string_agg(state || ' since ' || xact_start || ' ' || query, ', ') FROM pg_stat_activity
                 WHERE datname = current_database() AND xact_start < now() - interval '20 s'))
            """);
        if (owed is not "")
        {
            _findings.Add($"Still owed or held: {owed}");
        }
    }

    private async Task<JsonElement?> ReservationAsync(Guid id)
    {
        using var answer = await shop.Products.GetAsync($"/api/reservations/{id}");
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        var reservation = await answer.Content.ReadFromJsonAsync<JsonElement>();
        return reservation.GetProperty("state").GetString()!.Equals("reserved", StringComparison.OrdinalIgnoreCase) ? reservation : null;
    }
}
