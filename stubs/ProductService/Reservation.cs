namespace ProductService;

/// <summary>Where a reservation stands. Released and expired are final.</summary>
internal enum ReservationState
{
    /// <summary>Units are held until the expiry.</summary>
    Reserved,

    /// <summary>Units are sold.</summary>
    Committed,

    /// <summary>Units were given back on request.</summary>
    Released,

    /// <summary>Units went back because nobody committed in time.</summary>
    Expired,
}

/// <summary>The answer to a reservation that succeeded: its lines with the name and price of each product.</summary>
internal sealed record ReservationAnswer(Guid ReservationId, DateTimeOffset ExpiresAt, IReadOnlyList<ReservedItem> Items);

/// <summary>One product of a reservation, as it was named and priced at that moment.</summary>
internal sealed record ReservedItem(string ProductId, string Name, decimal UnitPrice, string Currency, int Quantity);

/// <summary>A reservation as it stands. An id released before it was reserved has neither expiry nor items.</summary>
internal sealed record Reservation(Guid ReservationId, ReservationState State, DateTimeOffset? ExpiresAt, IReadOnlyList<HeldItem> Items);

/// <summary>One product of a reservation: how much was asked for, and how much is reserved or sold now.</summary>
internal sealed record HeldItem(string ProductId, string Name, decimal UnitPrice, string Currency, int Requested, int Quantity);

/// <summary>A product that is short: how much was asked for, and how much is left.</summary>
internal sealed record Shortage(string ProductId, int Requested, long Available);

/// <summary>How an attempt to reserve ended.</summary>
internal abstract record ReserveResult
{
    /// <summary>All lines are reserved, now or by the same request before.</summary>
    internal sealed record Reserved(ReservationAnswer Answer) : ReserveResult;

    /// <summary>The id is taken by other items, or final.</summary>
    internal sealed record Taken(ReservationState State) : ReserveResult;

    /// <summary>Some products are unknown or inactive.</summary>
    internal sealed record Unavailable(IReadOnlyList<string> Products) : ReserveResult;

    /// <summary>Some products are short.</summary>
    internal sealed record Short(IReadOnlyList<Shortage> Shortages) : ReserveResult;

    /// <summary>The expiry has passed already.</summary>
    internal sealed record TooLate : ReserveResult;
}
