using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>Keys are claimed while their requests run, and answers other than 201 are kept as well.</summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122171500_IdempotencyClaims")]
public sealed class IdempotencyClaims : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        CREATE UNLOGGED TABLE idempotency_claims (
            user_id      uuid                     NOT NULL,
            route        text                     NOT NULL,
            key          text                     NOT NULL,
            id           uuid                     NOT NULL,
            request_hash bytea                    NOT NULL,
            expires_at   timestamp with time zone NOT NULL,
            CONSTRAINT pk_idempotency_claims PRIMARY KEY (user_id, route, key)
        );
        ALTER TABLE idempotency_keys ADD COLUMN status_code smallint NOT NULL DEFAULT 201;
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        ALTER TABLE idempotency_keys DROP COLUMN status_code;
        DROP TABLE idempotency_claims;
        """);
}
