using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>
/// What was paid for an order, and what of it is owed back. An order that is paid has been paid in full; when it is cancelled as well,
/// all of that is owed back.
/// </summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122172500_MoneyOwedBack")]
public sealed class MoneyOwedBack : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE orders
            ADD COLUMN paid_amount   numeric(18,2),
            ADD COLUMN refund_amount numeric(18,2) NOT NULL DEFAULT 0.0;
        UPDATE orders
        SET paid_amount = total_amount, refund_amount = CASE status WHEN 'CANCELLED' THEN total_amount ELSE 0 END
        WHERE paid_at IS NOT NULL;
        ALTER TABLE orders
            ADD CONSTRAINT ck_orders_refund_amount CHECK (refund_amount >= 0 AND refund_amount <= coalesce(paid_amount, 0));
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE orders
            DROP COLUMN paid_amount,
            DROP COLUMN refund_amount;
        """);
}
