"""Run by alembic: sla_monitor's history on the connection that `tocsin migrate` opened."""

from shared.db.migration_env import migrate

migrate()
