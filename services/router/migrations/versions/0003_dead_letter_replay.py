"""Dead letters that are replayed or discarded, and what is parked behind them."""

from alembic import op

from shared.db.replay_tables import replay_tables

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add what replaying keeps, and the indexes by which it finds its work."""
    replay_tables(op)
