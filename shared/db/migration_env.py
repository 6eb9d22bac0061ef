"""What every service's `migrations/env.py` runs: alembic on the connection and schema that it was given."""

from alembic import context


def migrate() -> None:
    """Run the migrations chosen by the caller, inside the caller's transaction."""
    attributes = context.config.attributes
    context.configure(
        connection=attributes["connection"],
        target_metadata=None,
        version_table_schema=attributes["schema"],
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()
