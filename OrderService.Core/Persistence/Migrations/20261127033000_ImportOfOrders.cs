using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>Orders that another system had before. The new column of a large table has a constant for a default, which rewrites nothing.</summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261127033000_ImportOfOrders")]
public sealed class ImportOfOrders : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE orders ADD COLUMN has_reservation boolean NOT NULL DEFAULT true;
        CREATE TABLE imported_orders (
            external_id  text                     NOT NULL,
            order_id     uuid                     NOT NULL,
            content_hash bytea                    NOT NULL,
            imported_at  timestamp with time zone NOT NULL,
            CONSTRAINT pk_imported_orders PRIMARY KEY (external_id),
            CONSTRAINT fk_imported_orders_orders FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
        );
        CREATE UNIQUE INDEX ux_imported_orders_order_id ON imported_orders (order_id);
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        DROP TABLE imported_orders;
        ALTER TABLE orders DROP COLUMN has_reservation;
        """);
}
