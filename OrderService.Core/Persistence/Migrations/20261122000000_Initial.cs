using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace OrderService.Core.Persistence.Migrations;

/// <summary>The first schema.</summary>
[DbContext(typeof(OrdersDbContext))]
[Migration("20261122000000_Initial")]
public sealed class Initial : Migration
{
    /// <inheritdoc />
    protected override void Up(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        CREATE TABLE orders (
            id               uuid                     NOT NULL,
            user_id          uuid                     NOT NULL,
            status           text                     NOT NULL,
            total_amount     numeric(18,2)            NOT NULL,
            currency         character(3)             NOT NULL,
            shipping_address text                     NOT NULL,
            notes            text,
            checkout_id      uuid,
            created_at       timestamp with time zone NOT NULL,
            updated_at       timestamp with time zone NOT NULL,
            paid_at          timestamp with time zone,
            version          integer                  NOT NULL,
            last_sequence    integer                  NOT NULL,
            CONSTRAINT pk_orders PRIMARY KEY (id),
            CONSTRAINT ck_orders_total_amount CHECK (total_amount >= 0)
        );
        CREATE UNIQUE INDEX ux_orders_checkout_id ON orders (checkout_id) WHERE checkout_id IS NOT NULL;
        CREATE INDEX ix_orders_user_id_created_at ON orders (user_id, created_at DESC, id DESC);
        CREATE INDEX ix_orders_pending ON orders (created_at) WHERE status = 'PENDING';

        CREATE TABLE order_items (
            order_id     uuid          NOT NULL,
            line         integer       NOT NULL,
            id           uuid          NOT NULL,
            product_id   text          NOT NULL,
            product_name text          NOT NULL,
            quantity     integer       NOT NULL,
            unit_price   numeric(18,2) NOT NULL,
            total_price  numeric(18,2) NOT NULL,
            CONSTRAINT pk_order_items PRIMARY KEY (order_id, line),
            CONSTRAINT fk_order_items_orders FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
            CONSTRAINT ck_order_items_quantity CHECK (quantity > 0)
        );

        CREATE TABLE order_history (
            order_id    uuid                     NOT NULL,
            sequence    integer                  NOT NULL,
            from_status text,
            to_status   text                     NOT NULL,
            at          timestamp with time zone NOT NULL,
            reason      text                     NOT NULL,
            by          text                     NOT NULL,
            CONSTRAINT pk_order_history PRIMARY KEY (order_id, sequence),
            CONSTRAINT fk_order_history_orders FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE
        );

        CREATE TABLE outbox_messages (
            position     bigint                   NOT NULL GENERATED ALWAYS AS IDENTITY,
            id           uuid                     NOT NULL,
            order_id     uuid                     NOT NULL,
            shard        smallint                 NOT NULL,
            channel      text                     NOT NULL,
            sequence     integer                  NOT NULL,
            type         text                     NOT NULL,
            payload      text                     NOT NULL,
            trace_parent text,
            trace_state  text,
            occurred_at  timestamp with time zone NOT NULL,
            parked_at    timestamp with time zone,
            error        text,
            CONSTRAINT pk_outbox_messages PRIMARY KEY (position)
        );
        CREATE INDEX ix_outbox_messages_reservations ON outbox_messages (position) WHERE channel = 'RESERVATIONS';
        CREATE INDEX ix_outbox_messages_parked ON outbox_messages (order_id) WHERE parked_at IS NOT NULL;

        CREATE TABLE inbox_messages (
            order_id   uuid                     NOT NULL,
            event_id   text                     NOT NULL,
            source     text                     NOT NULL,
            consumer   text                     NOT NULL,
            handled_at timestamp with time zone NOT NULL,
            CONSTRAINT pk_inbox_messages PRIMARY KEY (order_id, event_id, source, consumer)
        );
        CREATE INDEX ix_inbox_messages_handled_at ON inbox_messages (handled_at);

        CREATE TABLE parked_messages (
            id              uuid                     NOT NULL,
            topic           text                     NOT NULL,
            key             text,
            headers         jsonb                    NOT NULL,
            payload         bytea                    NOT NULL,
            error           text                     NOT NULL,
            attempts        integer                  NOT NULL,
            failed_at       timestamp with time zone NOT NULL,
            next_attempt_at timestamp with time zone,
            CONSTRAINT pk_parked_messages PRIMARY KEY (id)
        );
        CREATE INDEX ix_parked_messages_next_attempt_at ON parked_messages (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

        CREATE TABLE idempotency_keys (
            user_id      uuid                     NOT NULL,
            route        text                     NOT NULL,
            key          text                     NOT NULL,
            request_hash bytea                    NOT NULL,
            order_id     uuid                     NOT NULL,
            etag         text                     NOT NULL,
            response     text                     NOT NULL,
            created_at   timestamp with time zone NOT NULL,
            CONSTRAINT pk_idempotency_keys PRIMARY KEY (user_id, route, key)
        );
        CREATE INDEX ix_idempotency_keys_created_at ON idempotency_keys (created_at);
        """);

    /// <inheritdoc />
    protected override void Down(MigrationBuilder migrationBuilder) => migrationBuilder.Sql(
        """
        DROP TABLE idempotency_keys;
        DROP TABLE parked_messages;
        DROP TABLE inbox_messages;
        DROP TABLE outbox_messages;
        DROP TABLE order_history;
        DROP TABLE order_items;
        DROP TABLE orders;
        """);
}
