"""The tables that every service's schema holds: outbox, positions, dead letters, leases, idempotency keys."""

from typing import Protocol

SHARED_TABLES = """
CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    seq bigint NOT NULL,
    ce_id uuid NOT NULL,
    type text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
COMMENT ON TABLE outbox IS 'The pending set: committed and not yet acknowledged by Kafka; the relay deletes.';

CREATE TABLE consumer_position (
    topic text NOT NULL,
    partition integer NOT NULL,
    epoch bigint NOT NULL,
    owner text NOT NULL,
    next_offset bigint NOT NULL,
    caught_up_to timestamptz NOT NULL DEFAULT '-infinity',
    cluster_id text NOT NULL,
    PRIMARY KEY (topic, partition)
) WITH (fillfactor = 20, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
COMMENT ON TABLE consumer_position IS 'Where this service reads on; written only by the owner of the epoch.';

CREATE TABLE consumed (
    key text NOT NULL,
    source text NOT NULL,
    last_seq bigint NOT NULL,
    last_ce_id uuid NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (key, source)
) WITH (fillfactor = 80);
COMMENT ON TABLE consumed IS 'The last event taken per key and source; what is not later is a duplicate.';

CREATE TABLE dead_letter (
    id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL,
    event_key text,
    reason text NOT NULL,
    error text NOT NULL,
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replaying', 'replayed', 'discarded')),
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    UNIQUE (topic, partition, "offset")
);
CREATE INDEX dead_letter_open ON dead_letter (topic, event_key) WHERE state IN ('open', 'replaying');
COMMENT ON TABLE dead_letter IS 'Records that could not be taken, whole; open ones park what follows on their key.';

CREATE TABLE parked_event (
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    event_key text NOT NULL,
    value bytea,
    headers jsonb NOT NULL,
    behind uuid NOT NULL REFERENCES dead_letter (id) ON DELETE CASCADE,
    parked_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (topic, partition, "offset")
);
CREATE INDEX parked_event_behind ON parked_event (behind);
COMMENT ON TABLE parked_event IS 'Events that wait behind a dead letter of their key, in order.';

CREATE TABLE lease (
    name text PRIMARY KEY,
    owner text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE idempotency_key (
    principal text NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    key text NOT NULL,
    body_sha256 bytea NOT NULL,
    status integer NOT NULL,
    headers jsonb NOT NULL,
    body bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    PRIMARY KEY (principal, method, path, key)
);
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);
COMMENT ON TABLE idempotency_key IS 'Stored 2xx answers, kept for 24 hours.';
"""


class Operations(Protocol):
    """What of alembic's `op` is needed here."""

    def execute(self, sqltext: str) -> None:
        """Run one statement."""


def shared_tables(op: Operations) -> None:
    """Create them in the schema under migration; every service's first version calls this."""
    for statement in filter(str.strip, SHARED_TABLES.split(";\n")):
        op.execute(statement)
