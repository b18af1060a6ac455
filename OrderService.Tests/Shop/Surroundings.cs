namespace OrderService.Tests.Shop;

/// <summary>Where a process of ours finds what it depends on.</summary>
internal sealed record Surroundings(string Orders, string Redis, string Kafka, Uri Products, Uri Users)
{
    /// <summary>As the settings that say so.</summary>
    public IEnumerable<(string Setting, string Value)> Settings =>
    [
        ($"ConnectionStrings:{ResourceNames.Orders}", Orders),
        ($"ConnectionStrings:{ResourceNames.Redis}", Redis),
        ($"ConnectionStrings:{ResourceNames.Kafka}", Kafka),
        ($"services:{ResourceNames.Products}:http:0", Products.ToString()),
        ($"services:{ResourceNames.Users}:http:0", Users.ToString()),
    ];
}
