using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>What was sent gives its space back at every look of the autovacuum, however large a backlog has made the table.</summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122210000_OutboxVacuum")]
public sealed class OutboxVacuum : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE outbox_messages SET (
            autovacuum_vacuum_scale_factor = 0,
            autovacuum_vacuum_threshold = 10000,
            autovacuum_vacuum_cost_delay = 0,
            toast.autovacuum_vacuum_scale_factor = 0,
            toast.autovacuum_vacuum_threshold = 10000,
            toast.autovacuum_vacuum_cost_delay = 0);
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE outbox_messages RESET (
            autovacuum_vacuum_scale_factor,
            autovacuum_vacuum_threshold,
            autovacuum_vacuum_cost_delay,
            toast.autovacuum_vacuum_scale_factor,
            toast.autovacuum_vacuum_threshold,
            toast.autovacuum_vacuum_cost_delay);
        """);
}
