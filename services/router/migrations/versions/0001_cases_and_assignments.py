"""Cases as routing knows them, assignments, decisions, and how specialists stand."""

from alembic import op

from shared.db.tables import shared_tables

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE cases (
    case_id uuid PRIMARY KEY,
    partition smallint NOT NULL,
    seq bigint NOT NULL DEFAULT 0,
    revision bigint NOT NULL DEFAULT 0,
    summary jsonb NOT NULL,
    subject_type text,
    subject_id text,
    phase text NOT NULL DEFAULT 'stub' CHECK (phase IN ('stub', 'waiting', 'held', 'closed')),
    need text NOT NULL DEFAULT '',
    history jsonb NOT NULL DEFAULT '{}',
    clocks jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz,
    waiting_since timestamptz,
    outcome text,
    waiting_reason text,
    fresh boolean NOT NULL DEFAULT false,
    trace text
) WITH (fillfactor = 70);
CREATE INDEX cases_waiting ON cases (waiting_since, case_id) WHERE phase = 'waiting';
CREATE INDEX cases_fresh ON cases (case_id) WHERE phase = 'waiting' AND fresh;
CREATE INDEX cases_subject ON cases (subject_type, subject_id) WHERE subject_id IS NOT NULL;
COMMENT ON COLUMN cases.seq IS 'the sequence of our last event of the case';
COMMENT ON COLUMN cases.revision IS 'rises with each write; a decision holds only for the revision it was taken from';
COMMENT ON COLUMN cases.need IS 'who may take it, as canonical JSON; cases of equal need are decided together';
COMMENT ON COLUMN cases.history IS 'who declined, who decided, who had it last, to whom it was transferred';
COMMENT ON COLUMN cases.fresh IS 'not looked at since it began to wait or changed';

CREATE TABLE assignments (
    assignment_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    specialist text NOT NULL,
    state text NOT NULL CHECK (state IN ('offered', 'accepted', 'declined', 'expired', 'released')),
    units integer NOT NULL,
    handling interval NOT NULL,
    offered_at timestamptz NOT NULL,
    expires_at timestamptz,
    accepted_at timestamptz,
    ended_at timestamptz,
    return_at timestamptz,
    reason text,
    claimed boolean NOT NULL DEFAULT false,
    decision_id uuid
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX assignments_live ON assignments (case_id) WHERE state IN ('offered', 'accepted');
CREATE INDEX assignments_expiring ON assignments (expires_at) WHERE state = 'offered';
CREATE INDEX assignments_returning ON assignments (return_at) WHERE state IN ('offered', 'accepted');
CREATE INDEX assignments_of_specialist ON assignments (specialist, offered_at DESC, assignment_id DESC);
CREATE INDEX assignments_of_case ON assignments (case_id, offered_at DESC, assignment_id DESC);
CREATE INDEX assignments_newest ON assignments (offered_at DESC, assignment_id DESC);
COMMENT ON INDEX assignments_live IS 'A case is with one person at most, whatever else goes wrong.';
COMMENT ON COLUMN assignments.return_at IS 'when the case goes back to the queue because the shift is over';

CREATE TABLE specialists (
    id text PRIMARY KEY,
    load integer NOT NULL DEFAULT 0 CHECK (load >= 0),
    presence text CHECK (presence IN ('available', 'away', 'offline')),
    expired_in_row integer NOT NULL DEFAULT 0,
    idle_since timestamptz NOT NULL DEFAULT statement_timestamp(),
    freed boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
CREATE INDEX specialists_freed ON specialists (id) WHERE freed;
COMMENT ON COLUMN specialists.presence IS 'null: never said, which is available while on shift';
COMMENT ON COLUMN specialists.freed IS 'may take more since the matcher last looked at all that waits';

CREATE TABLE decisions (
    decision_id uuid PRIMARY KEY,
    case_id uuid NOT NULL REFERENCES cases,
    decided_at timestamptz NOT NULL,
    decision jsonb NOT NULL
);
CREATE INDEX decisions_of_case ON decisions (case_id, decided_at DESC, decision_id DESC);
"""


def upgrade() -> None:
    """Create everything."""
    shared_tables(op)
    for statement in filter(str.strip, TABLES.split(";\n")):
        op.execute(statement)
