using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderService.Core.Messaging;

namespace OrderService.Core.Persistence.Mappings;

internal sealed class OutboxMessageMapping : IEntityTypeConfiguration<OutboxMessage>
{
    public void Configure(EntityTypeBuilder<OutboxMessage> message)
    {
        message.ToTable("outbox_messages");

        // Every row dies young: vacuumed by their number and not by a share of the table, at every look of the autovacuum and in one go.
        message.HasStorageParameter("autovacuum_vacuum_scale_factor", 0);
        message.HasStorageParameter("autovacuum_vacuum_threshold", 10_000);
        message.HasStorageParameter("autovacuum_vacuum_cost_delay", 0);
        message.HasStorageParameter("toast.autovacuum_vacuum_scale_factor", 0);
        message.HasStorageParameter("toast.autovacuum_vacuum_threshold", 10_000);
        message.HasStorageParameter("toast.autovacuum_vacuum_cost_delay", 0);
        message.HasKey(m => m.Position).HasName("pk_outbox_messages");
        message.Property(m => m.Position).UseIdentityAlwaysColumn();

        // The few rows of this channel, so that their relay does not look through a backlog of events.
        message.HasIndex(m => m.Position).HasDatabaseName("ix_outbox_messages_reservations").HasFilter("channel = 'RESERVATIONS'");
        message.HasIndex(m => m.OrderId).HasDatabaseName("ix_outbox_messages_parked").HasFilter("parked_at IS NOT NULL");
    }
}

internal sealed class InboxMessageMapping : IEntityTypeConfiguration<InboxMessage>
{
    public void Configure(EntityTypeBuilder<InboxMessage> message)
    {
        message.ToTable("inbox_messages");
        message.HasKey(m => new { m.OrderId, m.EventId, m.Source, m.Consumer }).HasName(OrdersDatabase.InboxKey);
        message.HasIndex(m => m.HandledAt).HasDatabaseName("ix_inbox_messages_handled_at");
    }
}

internal sealed class ParkedMessageMapping : IEntityTypeConfiguration<ParkedMessage>
{
    public void Configure(EntityTypeBuilder<ParkedMessage> message)
    {
        message.ToTable("parked_messages");
        message.HasKey(m => m.Id).HasName(OrdersDatabase.ParkedKey);
        message.Property(m => m.Id).ValueGeneratedNever();
        message.Property(m => m.Headers).HasColumnType("jsonb");
        message.HasIndex(m => m.NextAttemptAt).HasDatabaseName("ix_parked_messages_next_attempt_at").HasFilter("next_attempt_at IS NOT NULL");
        message.HasIndex(m => new { m.FailedAt, m.Id }).HasDatabaseName("ix_parked_messages_parked").HasFilter("next_attempt_at IS NULL");
    }
}

internal sealed class IdempotencyRecordMapping : IEntityTypeConfiguration<IdempotencyRecord>
{
    public void Configure(EntityTypeBuilder<IdempotencyRecord> record)
    {
        record.ToTable("idempotency_keys");
        record.HasKey(r => new { r.UserId, r.Route, r.Key }).HasName(OrdersDatabase.IdempotencyKey);
        record.Property(r => r.StatusCode).HasDefaultValueSql("201");
        record.Property(r => r.ETag).HasColumnName("etag");
        record.HasIndex(r => r.CreatedAt).HasDatabaseName("ix_idempotency_keys_created_at");
    }
}

internal sealed class IdempotencyClaimMapping : IEntityTypeConfiguration<IdempotencyClaim>
{
    public void Configure(EntityTypeBuilder<IdempotencyClaim> claim)
    {
        claim.ToTable("idempotency_claims");
        claim.IsUnlogged();
        claim.HasKey(c => new { c.UserId, c.Route, c.Key }).HasName("pk_idempotency_claims");
    }
}
