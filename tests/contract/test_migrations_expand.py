"""Every migration after the first only expands, so that the version before works beside it (N and N-1)."""

from pathlib import Path

import pytest

from services.stack.histories import histories
from tests.support.expanding import narrowing, split, statements_of

FILES = sorted(path for folder in histories().values() for path in (folder / "versions").glob("[0-9]*.py"))
LATER = [path for path in FILES if not path.name.startswith("0001_")]


def test_there_is_something_to_look_at() -> None:
    assert {path.parents[2].name for path in LATER} == set(histories())


@pytest.mark.parametrize("path", LATER, ids=lambda path: f"{path.parents[2].name}-{path.stem}")
def test_a_migration_only_expands(path: Path) -> None:
    statements = statements_of(path)
    assert statements
    assert narrowing(statements) == []


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE cases DROP COLUMN summary",
        "DROP TABLE notes",
        "DROP INDEX cases_newest",
        "ALTER TABLE cases RENAME COLUMN summary TO title",
        "ALTER TABLE cases RENAME TO files",
        "ALTER TABLE cases ALTER COLUMN graphic TYPE integer",
        "ALTER TABLE cases ALTER graphic SET DATA TYPE integer",
        "ALTER TABLE cases ALTER COLUMN outcome SET NOT NULL",
        "ALTER TABLE cases ALTER COLUMN version DROP NOT NULL",
        "ALTER TABLE cases ALTER COLUMN seq DROP DEFAULT",
        "ALTER TABLE cases ADD COLUMN held boolean NOT NULL",
        "ALTER TABLE cases ADD COLUMN a text, ADD COLUMN held boolean NOT NULL",
        "ALTER TABLE cases ADD COLUMN parent uuid REFERENCES cases (case_id)",
        "ALTER TABLE cases ADD CONSTRAINT positive CHECK (version > 0)",
        "ALTER TABLE cases ADD CHECK (version > 0)",
        "CREATE UNIQUE INDEX one_open ON cases (source)",
        "CREATE TRIGGER guard BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION guard()",
        "TRUNCATE timeline",
        "DELETE FROM timeline",
    ],
)
def test_what_the_version_before_could_not_live_with_is_found(statement: str) -> None:
    assert narrowing(split(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE cases ADD COLUMN held_until timestamptz",
        "ALTER TABLE cases ADD COLUMN held boolean NOT NULL DEFAULT false, ADD COLUMN why text",
        "CREATE INDEX cases_held ON cases (held_until) WHERE held_until IS NOT NULL",
        "COMMENT ON COLUMN cases.held_until IS 'DROP TABLE; RENAME'",
        "CREATE TABLE hold (id uuid PRIMARY KEY, case_id uuid NOT NULL UNIQUE); CREATE UNIQUE INDEX a ON hold (id)",
        "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN DELETE FROM x; END $body$",
        "ALTER TABLE cases ALTER COLUMN outcome SET DEFAULT 'none'",
    ],
)
def test_what_it_can_live_with_passes(statement: str) -> None:
    assert narrowing(split(statement)) == []
