"""Run by alembic: the router's history on the connection that `tocsin migrate` opened."""

from shared.db.migration_env import migrate

migrate()
