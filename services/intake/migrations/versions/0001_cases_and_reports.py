"""Cases, reports, notes, the timeline and the slots that group reports."""

from alembic import op

from shared.db.tables import shared_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    version bigint NOT NULL,
    status text NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    reports integer NOT NULL,
    summary text NOT NULL,
    policy_area text NOT NULL,
    language text NOT NULL,
    region text NOT NULL,
    severity text NOT NULL,
    graphic smallint NOT NULL,
    subject_type text,
    subject_id text,
    received_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    acknowledged_at timestamptz,
    resolved_at timestamptz,
    pend_until timestamptz,
    outcome text,
    detail jsonb NOT NULL,
    assignee text,
    assignment_id uuid,
    waiting_reason text
) WITH (fillfactor = 80);
CREATE INDEX cases_newest ON cases (created_at DESC, case_id DESC);
CREATE INDEX cases_unresolved ON cases (severity) WHERE status <> 'resolved';
CREATE INDEX cases_pend_until ON cases (pend_until) WHERE pend_until IS NOT NULL;
CREATE INDEX cases_assignee ON cases (assignee, created_at DESC) WHERE assignee IS NOT NULL;
COMMENT ON COLUMN cases.version IS 'intake''s events of the case, which is also the sequence of the last one';
COMMENT ON COLUMN cases.detail IS 'what no list is narrowed by: actions, orders, pend reasons, stakeholders, labels';

CREATE TABLE reports (
    report_id uuid NOT NULL,
    case_id uuid NOT NULL,
    source text NOT NULL,
    external_id text NOT NULL,
    body_sha256 bytea NOT NULL,
    severity text NOT NULL,
    graphic smallint NOT NULL,
    received_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (source, external_id)
);
CREATE INDEX reports_of_case ON reports (case_id);
COMMENT ON TABLE reports IS 'Every escalation as it was sent; body_sha256 tells a repetition from a conflict.';

CREATE TABLE open_subject (
    type text NOT NULL,
    id text NOT NULL,
    policy_area text NOT NULL,
    case_id uuid NOT NULL,
    PRIMARY KEY (type, id, policy_area)
);
COMMENT ON TABLE open_subject IS 'The unresolved case about a subject: where the next report about it goes.';

CREATE TABLE notes (
    note_id uuid PRIMARY KEY,
    case_id uuid NOT NULL,
    text text NOT NULL,
    visibility text NOT NULL,
    by text NOT NULL,
    at timestamptz NOT NULL
);
CREATE INDEX notes_of_case ON notes (case_id, note_id);

CREATE TABLE timeline (
    case_id uuid NOT NULL,
    source text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    type text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor jsonb NOT NULL,
    change jsonb NOT NULL,
    PRIMARY KEY (case_id, source, sequence)
);
COMMENT ON TABLE timeline IS 'Events of a case from all services: our own at commit, the others as they are read.';
"""


def upgrade() -> None:
    """Create everything."""
    shared_tables(op)
    for statement in filter(str.strip, TABLES.split(";\n")):
        op.execute(statement)
