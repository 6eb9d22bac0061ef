"""Whether a migration only expands: what it does to tables that the version before writes and reads.

Statements are judged as text, as alembic sends them. New tables may have any shape; tables that were there
may gain columns that are nullable or have a default, indexes that refuse nothing, and comments.
"""

import importlib.util
import io
import re
from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

NARROWING = {
    "drops something": r"\bDROP\s+(?!DEFAULT\b)",
    "drops a default": r"\bDROP\s+DEFAULT\b",
    "renames": r"\bRENAME\b",
    "changes a type": r"\bALTER\s+(COLUMN\s+)?\S+\s+(SET\s+DATA\s+)?TYPE\b",
    "forbids null": r"\bSET\s+NOT\s+NULL\b",
    "empties a table": r"^\s*(TRUNCATE|DELETE)\b",
}
ADDED_COLUMN = re.compile(r"\bADD\s+(?:COLUMN\s+)(?:IF\s+NOT\s+EXISTS\s+)?(\w+)\b([^,]*)", re.IGNORECASE)
CONSTRAINT = re.compile(r"\bADD\s+(CONSTRAINT|CHECK|UNIQUE|PRIMARY|FOREIGN|EXCLUDE)\b", re.IGNORECASE)
ALTERED = re.compile(r"^\s*ALTER\s+TABLE\s+(?:ONLY\s+|IF\s+EXISTS\s+)*(\w+)", re.IGNORECASE)
CREATED = re.compile(r"^\s*CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(\w+)", re.IGNORECASE)
UNIQUE_INDEX = re.compile(r"^\s*CREATE\s+UNIQUE\s+INDEX\b.*?\bON\s+(\w+)", re.IGNORECASE | re.DOTALL)
TRIGGER = re.compile(r"^\s*CREATE\s+(?:OR\s+REPLACE\s+)?(?:CONSTRAINT\s+)?TRIGGER\b.*?\bON\s+(\w+)", re.I | re.DOTALL)
BODY = re.compile(r"\$(\w*)\$.*?\$\1\$", re.DOTALL)
LITERAL = re.compile(r"'(?:[^']|'')*'")


def statements_of(path: Path) -> list[str]:
    """What a migration file sends, without the bodies of functions and without literals."""
    spec = importlib.util.spec_from_file_location(f"migration_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sent = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": sent})
    with Operations.context(context):
        module.upgrade()
    return split(sent.getvalue())


def split(text: str) -> list[str]:
    """Statements without bodies and literals, in which a semicolon or a word would mislead."""
    bare = LITERAL.sub("''", BODY.sub("''", text))
    return [statement.strip() for statement in bare.split(";") if statement.strip()]


def narrowing(statements: list[str], new: frozenset[str] = frozenset()) -> list[str]:
    """What of these the version before could not live with; `new` are tables that it does not know."""
    new |= {match[1] for match in map(CREATED.match, statements) if match}
    found: list[str] = []
    for statement in statements:
        altered = ALTERED.match(statement)
        if altered is None or altered[1] not in new:
            found += [f"{what}: {statement}" for what in _faults(statement, new)]
    return found


def _faults(statement: str, new: frozenset[str]) -> list[str]:
    if CREATED.match(statement):
        return []
    found = [what for what, pattern in NARROWING.items() if re.search(pattern, statement, re.IGNORECASE)]
    for name, rest in ADDED_COLUMN.findall(statement):
        if re.search(r"\bNOT\s+NULL\b", rest, re.IGNORECASE) and not re.search(r"\bDEFAULT\b", rest, re.IGNORECASE):
            found.append(f"a required column {name}")
        if re.search(r"\b(UNIQUE|CHECK|REFERENCES|PRIMARY)\b", rest, re.IGNORECASE):
            found.append(f"a column {name} that refuses values")
    found += ["a constraint"] if CONSTRAINT.search(statement) else []
    for what, pattern in (("a unique index", UNIQUE_INDEX), ("a trigger", TRIGGER)):
        on = pattern.match(statement)
        if on is not None and on[1] not in new:
            found.append(f"{what} on {on[1]}")
    return found
