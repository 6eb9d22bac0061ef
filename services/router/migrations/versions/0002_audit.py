"""The audit: who did what when."""

from alembic import op

from shared.db.audit_tables import audit_tables

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the table, its chain and what keeps both append-only."""
    audit_tables(op)
