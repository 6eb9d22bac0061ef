"""Cases with their facts, clocks, and the versions of sla.yaml that clocks were started under."""

from alembic import op

from shared.db.tables import shared_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    partition smallint NOT NULL,
    seq bigint NOT NULL DEFAULT 0,
    summary jsonb NOT NULL,
    facts jsonb NOT NULL DEFAULT '{}',
    pinned text,
    waiting text
) WITH (fillfactor = 70);
CREATE INDEX cases_waiting ON cases (case_id) WHERE waiting IS NOT NULL;
COMMENT ON COLUMN cases.seq IS 'sla_monitor''s events of the case so far';
COMMENT ON COLUMN cases.facts IS 'what clocks start, stop and pause by; clocks are a function of it';
COMMENT ON COLUMN cases.pinned IS 'the version of sla.yaml by which the case is judged; null until intake was heard';
COMMENT ON COLUMN cases.waiting IS 'why a clock that the case should have cannot be started yet';

CREATE TABLE clocks (
    clock_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    name text NOT NULL,
    reference text NOT NULL,
    cycle integer NOT NULL,
    kind text NOT NULL,
    version text NOT NULL,
    state text NOT NULL,
    started_at timestamptz NOT NULL,
    target interval NOT NULL,
    calendar text,
    due_at timestamptz,
    stopped_at timestamptz,
    breached_at timestamptz,
    cause text,
    evidence text NOT NULL,
    pauses jsonb NOT NULL,
    thresholds jsonb NOT NULL,
    warned smallint NOT NULL,
    next_at timestamptz,
    partition smallint NOT NULL,
    revision bigint NOT NULL,
    UNIQUE (case_id, name, reference, cycle)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX clocks_timer ON clocks (partition, next_at) WHERE next_at IS NOT NULL;
CREATE INDEX clocks_by_due ON clocks (coalesce(due_at, 'infinity'), clock_id);
CREATE INDEX clocks_by_state_and_due ON clocks (state, coalesce(due_at, 'infinity'), clock_id);
COMMENT ON COLUMN clocks.version IS 'the version of sla.yaml that the clock was started under';
COMMENT ON COLUMN clocks.warned IS 'the highest percent that was told or skipped';
COMMENT ON COLUMN clocks.next_at IS 'the clock''s one timer: its next threshold or due; null when nothing can fire';
COMMENT ON COLUMN clocks.partition IS 'of the case in every topic: whose evidence the timer waits for';

CREATE TABLE rules (
    version text PRIMARY KEY,
    sla jsonb NOT NULL,
    first_used_at timestamptz NOT NULL DEFAULT statement_timestamp()
);
COMMENT ON TABLE rules IS 'Every version of sla.yaml that a case was judged by: definitions are pinned at start.';
"""


def upgrade() -> None:
    """Create everything."""
    shared_tables(op)
    for statement in filter(str.strip, TABLES.split(";\n")):
        op.execute(statement)
