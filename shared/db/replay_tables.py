"""What the tables of dead letters gained for replaying and discarding; every service's schema holds it."""

from shared.db.tables import Operations

REPLAY_TABLES = """
ALTER TABLE dead_letter
    ADD COLUMN draining boolean NOT NULL DEFAULT false,
    ADD COLUMN settled_at timestamptz;
COMMENT ON COLUMN dead_letter.draining IS 'What is parked behind it is being taken; until then its key stays parked.';
COMMENT ON COLUMN dead_letter.settled_at IS 'When it was replayed or discarded.';
CREATE INDEX dead_letter_parking ON dead_letter (topic, event_key) WHERE state IN ('open', 'replaying') OR draining;
CREATE INDEX dead_letter_work ON dead_letter (topic, partition) WHERE state = 'replaying' OR draining;
CREATE INDEX dead_letter_settled ON dead_letter (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX parked_event_key ON parked_event (topic, event_key);
"""


def replay_tables(op: Operations) -> None:
    """Add them to the schema under migration."""
    for statement in filter(str.strip, REPLAY_TABLES.split(";\n")):
        op.execute(statement)
