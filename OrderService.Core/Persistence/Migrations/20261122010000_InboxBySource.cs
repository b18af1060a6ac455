using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>
/// Handled events by order and source too. Rows of before are dropped: the state machine refuses a repeat of what they tell.
/// </summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122010000_InboxBySource")]
public sealed class InboxBySource : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        DELETE FROM inbox_messages;
        ALTER TABLE inbox_messages
            ADD COLUMN order_id uuid NOT NULL,
            ADD COLUMN source   text NOT NULL,
            DROP CONSTRAINT pk_inbox_messages,
            ADD CONSTRAINT pk_inbox_messages PRIMARY KEY (order_id, event_id, source, consumer);
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        DELETE FROM inbox_messages;
        ALTER TABLE inbox_messages
            DROP CONSTRAINT pk_inbox_messages,
            DROP COLUMN order_id,
            DROP COLUMN source,
            ADD CONSTRAINT pk_inbox_messages PRIMARY KEY (event_id, consumer);
        """);
}
