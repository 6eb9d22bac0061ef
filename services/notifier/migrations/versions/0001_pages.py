"""Pages, attempts and receipts; the cases they belong to; overrides of schedules."""

from alembic import op

from shared.db.tables import shared_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE cases (
    key uuid PRIMARY KEY,
    case_id uuid,
    seq bigint NOT NULL DEFAULT 0,
    summary jsonb
) WITH (fillfactor = 80);
COMMENT ON TABLE cases IS 'One row per key of tocsin.pages, a case or a page without one; its lock orders all changes.';
COMMENT ON COLUMN cases.summary IS 'the newest CaseSummary by intake''s version';

CREATE TABLE page (
    page_id uuid PRIMARY KEY,
    key uuid NOT NULL REFERENCES cases (key),
    case_id uuid,
    policy text NOT NULL,
    severity text,
    urgency text NOT NULL,
    reasons jsonb NOT NULL,
    created_at timestamptz NOT NULL,
    summary text,
    state text NOT NULL,
    step integer NOT NULL,
    round integer NOT NULL,
    step_due_at timestamptz,
    responders jsonb NOT NULL,
    steps jsonb NOT NULL,
    watching jsonb NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by text,
    closed_by text,
    closed_at timestamptz
) WITH (fillfactor = 70);
CREATE INDEX page_key ON page (key);
CREATE INDEX page_newest ON page (state, page_id);
CREATE INDEX page_step_due ON page (step_due_at) WHERE step_due_at IS NOT NULL;
CREATE INDEX page_unacknowledged ON page (page_id) WHERE state IN ('triggered', 'exhausted');
CREATE INDEX page_platform ON page (page_id) WHERE case_id IS NULL AND state <> 'resolved';

CREATE TABLE attempt (
    attempt_id uuid PRIMARY KEY,
    page_id uuid NOT NULL REFERENCES page (page_id),
    webhook_id uuid NOT NULL UNIQUE,
    type text NOT NULL,
    responder text,
    channel text NOT NULL,
    step integer NOT NULL,
    round integer NOT NULL,
    urgency text NOT NULL,
    due_at timestamptz NOT NULL,
    next_at timestamptz,
    destination text NOT NULL,
    kind text,
    about text,
    state text NOT NULL,
    tries integer NOT NULL,
    at timestamptz,
    provider_ref text,
    error text
) WITH (fillfactor = 70);
CREATE INDEX attempt_page ON attempt (page_id);
CREATE INDEX attempt_next ON attempt (channel, urgency, next_at) WHERE next_at IS NOT NULL;
COMMENT ON COLUMN attempt.next_at IS 'when a worker looks again: due, retry, or a claim lost; null never';

CREATE TABLE receipt (
    attempt_id uuid NOT NULL REFERENCES attempt (attempt_id),
    try integer NOT NULL,
    at timestamptz NOT NULL,
    result text NOT NULL,
    status integer,
    error text,
    PRIMARY KEY (attempt_id, try, at)
);
COMMENT ON TABLE receipt IS 'How each try ended, as far as it was seen.';

CREATE TABLE override (
    created bigint GENERATED ALWAYS AS IDENTITY,
    override_id uuid PRIMARY KEY,
    schedule text NOT NULL,
    responder text NOT NULL,
    start_at timestamptz NOT NULL,
    end_at timestamptz NOT NULL CHECK (end_at > start_at),
    replaces text,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX override_of_schedule ON override (schedule, end_at);
COMMENT ON COLUMN override.created IS 'the order of creation: where two cover, the last wins';
"""


def upgrade() -> None:
    """Create everything."""
    shared_tables(op)
    for statement in filter(str.strip, TABLES.split(";\n")):
        op.execute(statement)
