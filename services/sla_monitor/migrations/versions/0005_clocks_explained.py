"""What calendars rest on is kept with the clock and its definition; lists of regulatory clocks have indexes."""

from alembic import op

revision = "0005"
down_revision = "0004"

STATEMENTS = """
ALTER TABLE rules ADD COLUMN holiday_library text, ADD COLUMN holidays jsonb;
COMMENT ON COLUMN rules.holidays IS 'by region, the dates that the calendars of this version close';
ALTER TABLE clocks ADD COLUMN zone_data text;
COMMENT ON COLUMN clocks.zone_data IS 'the version of the time zone database by which a calendar was read for its due';
CREATE INDEX clocks_zone_data ON clocks (case_id, zone_data)
 WHERE calendar IS NOT NULL AND kind = 'internal' AND state IN ('running', 'paused');
CREATE INDEX clocks_regulatory_by_due ON clocks (coalesce(due_at, 'infinity'), clock_id) WHERE kind = 'regulatory';
CREATE INDEX clocks_regulatory_by_state ON clocks (state, coalesce(due_at, 'infinity'), clock_id)
 WHERE kind = 'regulatory'
"""


def upgrade() -> None:
    """Only adds."""
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
