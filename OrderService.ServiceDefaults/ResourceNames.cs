namespace OrderService;

/// <summary>Names of the resources in the application model; connection strings and service addresses carry them too.</summary>
public static class ResourceNames
{
    /// <summary>The PostgreSQL server.</summary>
    public const string Postgres = "postgres";

    /// <summary>The database on <see cref="Postgres"/> that holds orders, outbox and inbox.</summary>
    public const string Orders = "orders";

    /// <summary>The Redis server, which holds the carts.</summary>
    public const string Redis = "redis";

    /// <summary>The Kafka broker.</summary>
    public const string Kafka = "kafka";

    /// <summary>The Product service: prices, stock and reservations.</summary>
    public const string Products = "products";

    /// <summary>The User service: customers.</summary>
    public const string Users = "users";

    /// <summary>The simulator of payment provider, warehouse and carrier.</summary>
    public const string Payments = "payments";

    /// <summary>The worker's run that migrates the database and ends.</summary>
    public const string Migrations = "migrations";

    /// <summary>The HTTP API.</summary>
    public const string Api = "api";

    /// <summary>The outbox relay, the consumers and the housekeeping.</summary>
    public const string Worker = "worker";
}
