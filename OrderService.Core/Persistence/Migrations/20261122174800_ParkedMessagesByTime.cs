using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>Parked messages are listed by the time at which they failed.</summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122174800_ParkedMessagesByTime")]
public sealed class ParkedMessagesByTime : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        "CREATE INDEX ix_parked_messages_parked ON parked_messages (failed_at, id) WHERE next_attempt_at IS NULL;");

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql("DROP INDEX ix_parked_messages_parked;");
}
