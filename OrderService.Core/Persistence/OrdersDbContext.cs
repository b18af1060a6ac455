using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Npgsql;
using OrderService.Core.Messaging;
using OrderService.Core.Orders;

namespace OrderService.Core.Persistence;

/// <summary>
/// The orders database. One save is one transaction: with an order it writes the order's new events and commands into the outbox and
/// its transitions into the history.
/// </summary>
public sealed class OrdersDbContext(DbContextOptions<OrdersDbContext> options) : DbContext(options)
{
    /// <summary>Orders.</summary>
    public DbSet<Order> Orders => Set<Order>();

    /// <summary>Transitions of orders.</summary>
    public DbSet<OrderHistoryEntry> History => Set<OrderHistoryEntry>();

    /// <summary>Messages not sent yet.</summary>
    public DbSet<OutboxMessage> Outbox => Set<OutboxMessage>();

    /// <summary>Events handled already.</summary>
    public DbSet<InboxMessage> Inbox => Set<InboxMessage>();

    /// <summary>Messages that wait for a repeat or for a person.</summary>
    public DbSet<ParkedMessage> Parked => Set<ParkedMessage>();

    /// <summary>First answers to requests with an <c>Idempotency-Key</c>.</summary>
    public DbSet<IdempotencyRecord> IdempotencyKeys => Set<IdempotencyRecord>();

    /// <summary>Keys whose requests are running.</summary>
    public DbSet<IdempotencyClaim> IdempotencyClaims => Set<IdempotencyClaim>();

    /// <summary>The transitions that the last save wrote.</summary>
    public IReadOnlyList<OrderHistoryEntry> Transitions { get; private set; } = [];

    /// <inheritdoc />
    public override async Task<int> SaveChangesAsync(bool acceptAllChangesOnSuccess, CancellationToken cancellationToken = default)
    {
        (Transitions, var refunds) = AddWhatOrdersOwe();
        try
        {
            var written = await base.SaveChangesAsync(acceptAllChangesOnSuccess, cancellationToken);
            OrderTelemetry.Count(Transitions);
            OrderTelemetry.CountRefunds(refunds);
            return written;
        }
        catch (DbUpdateException e) when (IsLostRace(e))
        {
            throw new DbUpdateConcurrencyException("The order was changed by somebody else at the same time.", e.InnerException);
        }
    }

    /// <summary>Not to be used, so that there is one way to save.</summary>
    /// <exception cref="NotSupportedException">Always.</exception>
    public override int SaveChanges(bool acceptAllChangesOnSuccess) =>
        throw new NotSupportedException($"Save with {nameof(SaveChangesAsync)}.");

    /// <inheritdoc />
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.ApplyConfigurationsFromAssembly(typeof(OrdersDbContext).Assembly);

        var unnamed = modelBuilder.Model.GetEntityTypes()
            .SelectMany(entity => entity.GetProperties())
            .Where(property => property.FindAnnotation(RelationalAnnotationNames.ColumnName) is null);
        foreach (var property in unnamed)
        {
            property.SetColumnName(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name));
        }
    }

    /// <inheritdoc />
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<decimal>().HaveColumnType("numeric(18,2)");
        configurationBuilder.Properties<DateTimeOffset>().HaveColumnType("timestamp with time zone");
        configurationBuilder.Properties<OrderStatus>().HaveConversion<UpperCaseConverter<OrderStatus>>().HaveColumnType("text");
        configurationBuilder.Properties<OutboxChannel>().HaveConversion<UpperCaseConverter<OutboxChannel>>().HaveColumnType("text");
    }

    /// <summary>
    /// EF Core may write history and lines before it updates the order. Who changed the order at the same time then shows as a step that
    /// is there already or as a deadlock, and not as a version that isn't.
    /// </summary>
    private static bool IsLostRace(DbUpdateException failure) =>
        failure.IsUniqueViolation(OrdersDatabase.HistoryKey)
        || failure.InnerException is PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected };

    private (List<OrderHistoryEntry> Transitions, int Refunds) AddWhatOrdersOwe()
    {
        var (transitions, refunds) = (new List<OrderHistoryEntry>(), 0);
        foreach (var order in ChangeTracker.Entries<Order>().Select(entry => entry.Entity).ToList())
        {
            var (events, commands, history) = order.Take();
            History.AddRange(history);
            transitions.AddRange(history);
            refunds += events.Count(e => e.Event is OrderRefundRequired);
            Outbox.AddRange(events.Select(e => OutboxMessage.For(order.Id, e.Event, e.Sequence, e.At)));
            Outbox.AddRange(commands.Select(command => OutboxMessage.For(order.Id, command, 0, order.UpdatedAt)));
        }

        return (transitions, refunds);
    }
}
