using System.Net;
using FsCheck.Xunit;
using OrderService.Tests.Books;
using OrderService.Tests.Shop;

namespace OrderService.Tests;

/// <summary>
/// Random stories in the running shop: customers order, check out and cancel, others pay and deliver, much of it at once, twice or too
/// early. When all is quiet, what everybody can see has to agree: answers, orders, events, stock, money and carts.
/// </summary>
[Collection(OneShop.Name)]
public sealed class BooksTests(ShopFixture shop)
{
    private Customer[]? _customers;

    [Property(Arbitrary = [typeof(Stories)], MaxTest = 8)]
    public async Task Whatever_happens_in_the_shop_its_books_balance(Story story)
    {
        _customers ??= [.. Story.Customers.Select(_ => shop.NewCustomer())];
        foreach (var customer in _customers)
        {
            (await customer.SendAsync(HttpMethod.Delete, "/api/cart", null)).Is(HttpStatusCode.NoContent);
        }

        var ledger = await Ledger.OpenAsync(shop, _customers, story.Stock);
        using (var teller = new StoryTeller(shop, ledger, new ReadingProgress(await shop.ConnectionStringAsync(ResourceNames.Kafka))))
        {
            await teller.TellAsync(story);
        }

        var findings = await new Audit(shop, ledger).FindAsync();

        Assert.True(findings.Count == 0, $"\n{string.Join('\n', findings)}\n\nWhat happened:\n{string.Join('\n', ledger.Diary)}");
    }
}
