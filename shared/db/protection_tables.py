"""What erasing needs of the tables that every service has: stored answers found by the case they are about."""

from shared.db.tables import Operations

PROTECTION_INDEXES: tuple[str, ...] = (
    """
    CREATE INDEX idempotency_key_case ON idempotency_key (split_part(path, '/', 4)) WHERE path LIKE '/v1/cases/%'
    """,
    "CREATE INDEX idempotency_key_page ON idempotency_key (created_at) WHERE path LIKE '/v1/pages%'",
    "CREATE INDEX dead_letter_key ON dead_letter (event_key)",
)


def protection_indexes(op: Operations) -> None:
    """Create them in the schema under migration."""
    for statement in PROTECTION_INDEXES:
        op.execute(statement)
