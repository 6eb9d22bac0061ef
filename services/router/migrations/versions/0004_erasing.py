"""Indexes by which what is stored of a case is found to be erased."""

from alembic import op

from shared.db.protection_tables import protection_indexes

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Only adds."""
    protection_indexes(op)
