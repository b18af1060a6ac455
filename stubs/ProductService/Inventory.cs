namespace ProductService;

/// <summary>
/// Products, their stock and its reservations, in memory. One lock guards everything, so that a reservation is all or
/// nothing and every answer is one consistent moment. Expired reservations are released before each look.
/// </summary>
internal sealed class Inventory(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Entry> _products = new(StringComparer.Ordinal);
    private readonly Dictionary<Guid, Holding> _holdings = [];
    private readonly PriorityQueue<Holding, DateTimeOffset> _expiries = new();

    /// <summary>The product, or null.</summary>
    public Product? Find(string id)
    {
        lock (_gate)
        {
            ReleaseExpired();
            return _products.GetValueOrDefault(id)?.View();
        }
    }

    /// <summary>The known ones of <paramref name="ids"/>, in that order.</summary>
    public IReadOnlyList<Product> Find(IEnumerable<string> ids)
    {
        lock (_gate)
        {
            ReleaseExpired();
            return [.. ids.Select(id => _products.GetValueOrDefault(id)).OfType<Entry>().Select(product => product.View())];
        }
    }

    /// <summary>One page of all products, by id.</summary>
    public ProductPage List(int page, int size)
    {
        lock (_gate)
        {
            ReleaseExpired();
            var skipped = (int)Math.Min((long)page * size, _products.Count);
            return new([.. _products.Values.Skip(skipped).Take(size).Select(product => product.View())], page, size, _products.Count);
        }
    }

    /// <summary>
    /// Creates or replaces a product; what is reserved and sold stays as it is. Changes nothing where the new stock is
    /// below what is reserved: compare the answer's reserved units.
    /// </summary>
    public (Product Product, bool Created, bool Accepted) Put(string id, ProductDetails details)
    {
        lock (_gate)
        {
            ReleaseExpired();
            var created = !_products.TryGetValue(id, out var product);
            product ??= _products[id] = new(id, details);
            var accepted = details.Stock >= product.Reserved;
            if (accepted)
            {
                (product.Details, product.Stock) = (details, details.Stock);
            }

            return (product.View(), created, accepted);
        }
    }

    /// <summary>Reserves every one of <paramref name="lines"/> (quantity by product) or nothing. The same id and lines again get the first answer.</summary>
    public ReserveResult Reserve(Guid id, IReadOnlyDictionary<string, int> lines, DateTimeOffset expiresAt)
    {
        lock (_gate)
        {
            ReleaseExpired();
            if (_holdings.TryGetValue(id, out var known))
            {
                return known.Answers(lines) ? new ReserveResult.Reserved(known.Answer!) : new ReserveResult.Taken(known.State);
            }

            if (expiresAt <= time.GetUtcNow())
            {
                return new ReserveResult.TooLate();
            }

            string[] unavailable = [.. lines.Keys.Where(product => _products.GetValueOrDefault(product) is not { Details.Active: true })];
            if (unavailable.Length > 0)
            {
                return new ReserveResult.Unavailable(unavailable);
            }

            var wanted = lines.Select(line => (Product: _products[line.Key], Quantity: line.Value)).ToArray();
            Shortage[] shortages = [.. wanted.Where(line => line.Quantity > line.Product.Available)
                .Select(line => new Shortage(line.Product.Id, line.Quantity, line.Product.Available))];
            if (shortages.Length > 0)
            {
                return new ReserveResult.Short(shortages);
            }

            var holding = new Holding(id, expiresAt, [.. wanted.Select(line => new Line(line.Product, line.Quantity))]);
            foreach (var line in holding.Lines)
            {
                line.Product.Reserved += line.Quantity;
            }

            _holdings.Add(id, holding);
            _expiries.Enqueue(holding, expiresAt);
            return new ReserveResult.Reserved(holding.Answer!);
        }
    }

    /// <summary>The reservation as it stands, or null.</summary>
    public Reservation? FindReservation(Guid id)
    {
        lock (_gate)
        {
            ReleaseExpired();
            return _holdings.GetValueOrDefault(id)?.View();
        }
    }

    /// <summary>Turns reserved units into sold ones. The answer is how the reservation stands then: committed, or final and unchanged; null if unknown.</summary>
    public Reservation? Commit(Guid id)
    {
        lock (_gate)
        {
            ReleaseExpired();
            var holding = _holdings.GetValueOrDefault(id);
            if (holding is { State: ReservationState.Reserved })
            {
                foreach (var line in holding.Lines)
                {
                    line.Product.Stock -= line.Quantity;
                    line.Product.Reserved -= line.Quantity;
                    line.Product.Sold += line.Quantity;
                }

                holding.State = ReservationState.Committed;
            }

            return holding?.View();
        }
    }

    /// <summary>Gives everything back, sold units too. An unknown id is remembered as released, so that its reservation can't arrive later.</summary>
    public void Release(Guid id)
    {
        lock (_gate)
        {
            ReleaseExpired();
            if (_holdings.TryGetValue(id, out var holding))
            {
                holding.GiveBackAll(ReservationState.Released);
            }
            else
            {
                _holdings.Add(id, Holding.Tombstone(id));
            }
        }
    }

    /// <summary>
    /// Lowers lines to what is to stay reserved (or sold) and gives the rest back. A line is never raised, so that an
    /// outdated repeat changes nothing. The names of products that the reservation never had come back in <c>Strangers</c>, and then nothing changed.
    /// </summary>
    public (Reservation? Reservation, IReadOnlyList<string> Strangers) Reduce(Guid id, IReadOnlyDictionary<string, int> remaining)
    {
        lock (_gate)
        {
            ReleaseExpired();
            if (!_holdings.TryGetValue(id, out var holding))
            {
                return (null, []);
            }

            string[] strangers = holding.Lines.Length == 0 ? [] : [.. remaining.Keys.Except(holding.Lines.Select(line => line.Product.Id))];
            if (strangers.Length == 0)
            {
                holding.Reduce(remaining);
            }

            return (holding.View(), strangers);
        }
    }

    /// <summary>How many reservations there are in each state.</summary>
    public IReadOnlyDictionary<ReservationState, int> CountReservations()
    {
        lock (_gate)
        {
            ReleaseExpired();
            return _holdings.Values.CountBy(holding => holding.State).ToDictionary();
        }
    }

    private void ReleaseExpired()
    {
        var now = time.GetUtcNow();
        while (_expiries.TryPeek(out var holding, out var expiry) && expiry <= now)
        {
            _expiries.Dequeue();
            if (holding.State == ReservationState.Reserved)
            {
                holding.GiveBackAll(ReservationState.Expired);
            }
        }
    }

    private sealed class Entry(string id, ProductDetails details)
    {
        public string Id { get; } = id;

        public ProductDetails Details { get; set; } = details;

        public long Stock { get; set; } = details.Stock;

        public long Reserved { get; set; }

        public long Sold { get; set; }

        public long Available => Stock - Reserved;

        public Product View() => new(Id, Details.Name, Details.Price, Details.Currency, Stock, Available, Details.Active, Reserved, Sold);
    }

    private sealed class Line(Entry product, int quantity)
    {
        public Entry Product { get; } = product;

        public int Requested { get; } = quantity;

        public int Quantity { get; set; } = quantity;

        public string Name { get; } = product.Details.Name;

        public decimal UnitPrice { get; } = product.Details.Price;

        public string Currency { get; } = product.Details.Currency;
    }

    private sealed class Holding
    {
        public Holding(Guid id, DateTimeOffset expiresAt, Line[] lines)
        {
            (Id, Lines) = (id, lines);
            Answer = new(id, expiresAt, [.. lines.Select(line => new ReservedItem(line.Product.Id, line.Name, line.UnitPrice, line.Currency, line.Quantity))]);
        }

        private Holding(Guid id) => (Id, Lines, State) = (id, [], ReservationState.Released);

        public Line[] Lines { get; }

        public ReservationState State { get; set; }

        /// <summary>The first answer; null for an id that was released before it was reserved.</summary>
        public ReservationAnswer? Answer { get; }

        private Guid Id { get; }

        public static Holding Tombstone(Guid id) => new(id);

        /// <summary>Whether the first answer is an answer to these lines too.</summary>
        public bool Answers(IReadOnlyDictionary<string, int> lines) =>
            State is ReservationState.Reserved or ReservationState.Committed
            && lines.Count == Lines.Length
            && Lines.All(line => lines.TryGetValue(line.Product.Id, out var quantity) && quantity == line.Requested);

        public void Reduce(IReadOnlyDictionary<string, int> remaining)
        {
            foreach (var line in Lines)
            {
                if (remaining.TryGetValue(line.Product.Id, out var quantity) && quantity < line.Quantity)
                {
                    GiveBack(line, line.Quantity - quantity);
                }
            }

            if (Lines.All(line => line.Quantity == 0) && State is ReservationState.Reserved or ReservationState.Committed)
            {
                State = ReservationState.Released;
            }
        }

        public void GiveBackAll(ReservationState final)
        {
            foreach (var line in Lines)
            {
                GiveBack(line, line.Quantity);
            }

            State = State is ReservationState.Reserved or ReservationState.Committed ? final : State;
        }

        public Reservation View() => new(
            Id,
            State,
            Answer?.ExpiresAt,
            [.. Lines.Select(line => new HeldItem(line.Product.Id, line.Name, line.UnitPrice, line.Currency, line.Requested, line.Quantity))]);

        private void GiveBack(Line line, int quantity)
        {
            line.Quantity -= quantity;
            if (State == ReservationState.Committed)
            {
                line.Product.Stock += quantity;
                line.Product.Sold -= quantity;
            }
            else
            {
                line.Product.Reserved -= quantity;
            }
        }
    }
}
