"""Legal holds on cases, and when the content of a case was erased."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = """
ALTER TABLE cases ADD COLUMN preserve_until timestamptz, ADD COLUMN erased_at timestamptz;
COMMENT ON COLUMN cases.preserve_until IS 'the legal hold: nothing of the case is erased before';
COMMENT ON COLUMN cases.erased_at IS 'when its texts and personal data were erased; the skeleton stays';
CREATE INDEX cases_with_text ON cases (resolved_at)
 WHERE resolved_at IS NOT NULL AND (erased_at IS NULL OR erased_at < resolved_at);
"""


def upgrade() -> None:
    """Only adds: the version before does not know of it."""
    for statement in filter(str.strip, STATEMENTS.split(";\n")):
        op.execute(statement)
