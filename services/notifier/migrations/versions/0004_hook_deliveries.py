"""Deliveries of inbound hooks that were taken, so that none is taken twice; attempts by the provider's id."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = """
CREATE TABLE hook_delivery (
    provider text NOT NULL,
    digest bytea NOT NULL,
    delivery_id text NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT statement_timestamp(),
    status integer,
    media_type text,
    body bytea,
    PRIMARY KEY (provider, digest)
);
CREATE INDEX hook_delivery_age ON hook_delivery (taken_at);
COMMENT ON COLUMN hook_delivery.digest IS 'sha256 of what the provider signed';
COMMENT ON COLUMN hook_delivery.delivery_id IS 'the id in a header, which is not signed: a replay must come with it';

CREATE INDEX attempt_provider_ref ON attempt (provider_ref) WHERE kind IN ('twilio_sms', 'twilio_voice');
"""


def upgrade() -> None:
    """Only adds: the version before does not know of it."""
    for statement in filter(str.strip, STATEMENTS.split(";\n")):
        op.execute(statement)
