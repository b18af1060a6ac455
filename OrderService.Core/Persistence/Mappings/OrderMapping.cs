using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using OrderService.Core.Orders;

namespace OrderService.Core.Persistence.Mappings;

internal sealed class OrderMapping : IEntityTypeConfiguration<Order>
{
    public void Configure(EntityTypeBuilder<Order> order)
    {
        order.ToTable("orders", table =>
        {
            table.HasCheckConstraint("ck_orders_total_amount", "total_amount >= 0");
            table.HasCheckConstraint("ck_orders_refund_amount", "refund_amount >= 0 AND refund_amount <= coalesce(paid_amount, 0)");
        });
        order.HasKey(o => o.Id).HasName("pk_orders");
        order.Property(o => o.Id).ValueGeneratedNever();
        order.Property(o => o.Version).IsConcurrencyToken();
        order.Property(o => o.RefundAmount).HasDefaultValue(0m).ValueGeneratedNever();
        order.Property(o => o.HasReservation).HasDefaultValue(true).ValueGeneratedNever();
        order.Property(o => o.Currency).HasColumnType("character(3)");
        order.HasIndex(o => o.CheckoutId).IsUnique().HasDatabaseName(OrdersDatabase.CheckoutIndex).HasFilter("checkout_id IS NOT NULL");
        order.HasIndex(o => new { o.UserId, o.CreatedAt, o.Id }).IsDescending(false, true, true).HasDatabaseName("ix_orders_user_id_created_at");
        order.HasIndex(o => o.CreatedAt).HasDatabaseName("ix_orders_pending").HasFilter("status = 'PENDING'");
        order.HasMany(o => o.Items).WithOne().HasForeignKey(i => i.OrderId).HasConstraintName("fk_order_items_orders");
        order.Navigation(o => o.Items).UsePropertyAccessMode(PropertyAccessMode.Field);
    }
}

internal sealed class OrderItemMapping : IEntityTypeConfiguration<OrderItem>
{
    public void Configure(EntityTypeBuilder<OrderItem> item)
    {
        item.ToTable("order_items", table => table.HasCheckConstraint("ck_order_items_quantity", "quantity > 0"));
        item.HasKey(i => new { i.OrderId, i.Line }).HasName("pk_order_items");
        item.Property(i => i.Line).ValueGeneratedNever();
    }
}

internal sealed class OrderHistoryMapping : IEntityTypeConfiguration<OrderHistoryEntry>
{
    public void Configure(EntityTypeBuilder<OrderHistoryEntry> entry)
    {
        entry.ToTable("order_history");
        entry.HasKey(e => new { e.OrderId, e.Sequence }).HasName(OrdersDatabase.HistoryKey);
        entry.Property(e => e.Sequence).ValueGeneratedNever();
        entry.Property(e => e.From).HasColumnName("from_status");
        entry.Property(e => e.To).HasColumnName("to_status");
        entry.HasOne<Order>().WithMany().HasForeignKey(e => e.OrderId).HasConstraintName("fk_order_history_orders");
    }
}

internal sealed class ImportedOrderMapping : IEntityTypeConfiguration<ImportedOrder>
{
    public void Configure(EntityTypeBuilder<ImportedOrder> imported)
    {
        imported.ToTable("imported_orders");
        imported.HasKey(i => i.ExternalId).HasName("pk_imported_orders");
        imported.HasIndex(i => i.OrderId).IsUnique().HasDatabaseName("ux_imported_orders_order_id");
        imported.HasOne<Order>().WithOne().HasForeignKey<ImportedOrder>(i => i.OrderId).HasConstraintName("fk_imported_orders_orders");
    }
}
