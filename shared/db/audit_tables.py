"""The audit of every service: `audit` holds who did what when, `audit_chain` where its chain begins and ends.

PostgreSQL itself keeps it append-only: a row is inserted without a seal, sealed once, and deleted only when the
chain's anchor has gone past it.
"""

from shared.db.tables import Operations

AUDIT_TABLES: tuple[str, ...] = (
    """
    CREATE TABLE audit (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT statement_timestamp(),
        actor_kind text NOT NULL,
        actor_id text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        detail jsonb NOT NULL,
        position bigint UNIQUE,
        previous bytea,
        hash bytea,
        CHECK ((position IS NULL) = (hash IS NULL) AND (position IS NULL) = (previous IS NULL))
    )
    """,
    "CREATE INDEX audit_unsealed ON audit (id) WHERE position IS NULL",
    "CREATE INDEX audit_configuration ON audit (id) WHERE action = 'configuration.changed'",
    "COMMENT ON TABLE audit IS 'Who did what when: written in the transaction of the act, sealed a moment later.'",
    """
    CREATE TABLE audit_chain (
        single boolean PRIMARY KEY DEFAULT true CHECK (single),
        anchor_position bigint NOT NULL DEFAULT 0,
        anchor_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
        tip_position bigint NOT NULL DEFAULT 0,
        tip_hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex')
    ) WITH (fillfactor = 20)
    """,
    "COMMENT ON TABLE audit_chain IS 'anchor: the last row that retention removed; tip: the last row that is sealed.'",
    "INSERT INTO audit_chain DEFAULT VALUES",
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $body$
    DECLARE
        anchor bigint;
    BEGIN
        IF TG_LEVEL = 'STATEMENT' THEN
            NULL;
        ELSIF TG_OP = 'INSERT' THEN
            IF NEW.position IS NULL THEN RETURN NEW; END IF;
        ELSIF TG_OP = 'UPDATE' THEN
            IF OLD.position IS NULL AND NEW.position IS NOT NULL
               AND (NEW.id, NEW.at, NEW.actor_kind, NEW.actor_id, NEW.action, NEW.subject, NEW.detail)
                 = (OLD.id, OLD.at, OLD.actor_kind, OLD.actor_id, OLD.action, OLD.subject, OLD.detail)
            THEN RETURN NEW; END IF;
        ELSIF TG_OP = 'DELETE' THEN
            EXECUTE format('SELECT anchor_position FROM %I.audit_chain', TG_TABLE_SCHEMA) INTO anchor;
            IF OLD.position <= anchor THEN RETURN OLD; END IF;
        END IF;
        RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'insufficient_privilege';
    END $body$
    """,
    """
    CREATE TRIGGER audit_rows BEFORE INSERT OR UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()
    """,
    """
    CREATE TRIGGER audit_whole BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
    """
    CREATE TRIGGER audit_chain_stays BEFORE DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)


def audit_tables(op: Operations) -> None:
    """Create them in the schema under migration."""
    for statement in AUDIT_TABLES:
        op.execute(statement)
