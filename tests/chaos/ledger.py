"""Notes how loads change, in a schema of its own beside those under test: who booked what, in the order of the locks.

Instants cannot tell whether an offer was booked before or after a claim that it crossed; rows written under the
specialist's lock can. `install` belongs after the schemas are there and before anything is assigned.
"""

from tests.chaos.servers import run_sql

SCHEMA = "chaos"
TABLES = ("loads", "begun")
"""`loads`: each change of a specialist's load with its transaction; `begun`: each assignment with its own."""


async def install(database_url: str) -> None:
    """Note everything from now on."""
    await run_sql(database_url, _NOTES)


_NOTES = """
CREATE SCHEMA chaos;
CREATE TABLE chaos.loads (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tx text NOT NULL DEFAULT pg_current_xact_id()::text,
    specialist text NOT NULL,
    before integer NOT NULL,
    after integer NOT NULL
);
CREATE TABLE chaos.begun (tx text NOT NULL DEFAULT pg_current_xact_id()::text, assignment_id uuid NOT NULL);

CREATE FUNCTION chaos.note_load() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.loads (specialist, before, after) VALUES (NEW.id, OLD.load, NEW.load);
    RETURN NULL;
END $$;
CREATE TRIGGER note_load AFTER UPDATE ON router.specialists
    FOR EACH ROW WHEN (OLD.load <> NEW.load) EXECUTE FUNCTION chaos.note_load();

CREATE FUNCTION chaos.note_begun() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO chaos.begun (assignment_id) VALUES (NEW.assignment_id);
    RETURN NULL;
END $$;
CREATE TRIGGER note_begun AFTER INSERT ON router.assignments
    FOR EACH ROW EXECUTE FUNCTION chaos.note_begun();
"""
