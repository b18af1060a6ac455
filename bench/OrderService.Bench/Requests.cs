using System.Net.Http.Headers;
using System.Text;

namespace OrderService.Bench;

/// <summary>The requests of the scenarios, the same for the product and the limit but for their addresses.</summary>
internal sealed class Requests(string root)
{
    /// <summary>Where all orders go.</summary>
    public const string Address = "1 Main Street, 12345 Springfield, Illinois";

    /// <summary>Customers that the User service knows from its start.</summary>
    public const int Users = 1_000;

    /// <summary>Products that <see cref="Shop.PrepareAsync"/> puts on sale.</summary>
    public const int Products = 100;

    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private static readonly string[] UserIds = [.. Enumerable.Range(1, Users).Select(number => UserId(number).ToString())];
    private static readonly byte[][] Orders = [.. Enumerable.Range(0, Products).Select(first => Encoding.UTF8.GetBytes(
        $$"""{"items":[{{string.Join(',', Enumerable.Range(first, 3).Select(OnePiece))}}],"shippingAddress":"{{Address}}"}"""))];

    private static readonly byte[][] CartItems = [.. Enumerable.Range(0, 3).Select(product => Encoding.UTF8.GetBytes(OnePiece(product)))];
    private static readonly byte[][] Quantities =
        [.. Enumerable.Range(1, 9).Select(quantity => Encoding.UTF8.GetBytes($$"""{"quantity":{{quantity}}}"""))];

    private static readonly byte[] CheckoutBody = Encoding.UTF8.GetBytes($$"""{"shippingAddress":"{{Address}}"}""");

    /// <summary>A seeded customer, from 1.</summary>
    public static Guid UserId(int number) => Guid.Parse($"00000000-0000-4000-8000-{number:x12}");

    /// <summary>A product of the bench, from 0; they repeat.</summary>
    public static string ProductId(int number) => $"B-{(number % Products) + 1:d3}";

    /// <summary>An order of three lines with a key of its own.</summary>
    public HttpRequestMessage Place(int client, long number)
    {
        var place = Spread(client, number);
        var request = New(HttpMethod.Post, "/orders", UserIds[place % Users], Orders[place % Products]);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", Guid.NewGuid().ToString());
        return request;
    }

    /// <summary>A cart of three lines.</summary>
    public HttpRequestMessage ShowCart(int client, long number) => New(HttpMethod.Get, "/cart", CartUser(client, number));

    /// <summary>One more piece of one of three products.</summary>
    public HttpRequestMessage AddToCart(int client, long number) =>
        New(HttpMethod.Post, "/cart/items", CartUser(client, number), CartItems[number / (Users / 2) % 3]);

    /// <summary>Some quantity of one of three products.</summary>
    public HttpRequestMessage SetQuantity(int client, long number)
    {
        var product = ProductId((int)(number / (Users / 2) % 3));
        return New(HttpMethod.Put, $"/cart/items/{product}", CartUser(client, number), Quantities[number % Quantities.Length]);
    }

    /// <summary>One piece into the cart of a client's own customer, one of those whose carts the cart scenarios leave alone.</summary>
    public HttpRequestMessage FillCart(int client) => New(HttpMethod.Post, "/cart/items", UserIds[^(client + 1)], CartItems[0]);

    /// <summary>Orders that cart.</summary>
    public HttpRequestMessage Checkout(int client)
    {
        var request = New(HttpMethod.Post, "/cart/checkout", UserIds[^(client + 1)], CheckoutBody);
        request.Headers.TryAddWithoutValidation("Idempotency-Key", Guid.NewGuid().ToString());
        return request;
    }

    /// <summary>One order.</summary>
    public HttpRequestMessage Get((Guid Id, Guid UserId) order) => New(HttpMethod.Get, $"/orders/{order.Id}", order.UserId.ToString());

    /// <summary>The first page of a customer's orders.</summary>
    public HttpRequestMessage List(Guid userId) => New(HttpMethod.Get, "/orders?size=20", userId.ToString());

    private static string OnePiece(int product) => $$"""{"productId":"{{ProductId(product)}}","quantity":1}""";

    private static string CartUser(int client, long number) => UserIds[Spread(client, number) % (Users / 2)];

    /// <summary>Different clients go round in different places.</summary>
    private static int Spread(int client, long number) => (int)(((client * 37L) + number) % int.MaxValue);

    private HttpRequestMessage New(HttpMethod method, string path, string userId, byte[]? body = null)
    {
        var request = new HttpRequestMessage(method, root + path);
        request.Headers.TryAddWithoutValidation("X-User-Id", userId);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body) { Headers = { ContentType = Json } };
        }

        return request;
    }
}
