"""The chain of an audit: what fits, and what every kind of tampering looks like."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.audit.chain import GENESIS, Link, Row, Walk, next_link

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def chain(length: int) -> list[Row]:
    tip, rows = Link(0, GENESIS), []
    for n in range(1, length + 1):
        row = Row(n * 2, NOON + timedelta(seconds=n), "person", "ana", "case.note", f"case {n}", {"b": 1, "a": [n]})
        link = next_link(row, tip)
        rows.append(replace(row, position=link.position, previous=tip.hash, hash=link.hash))
        tip = link
    return rows


def first_fault(rows: list[Row]) -> tuple[int, str] | None:
    walk = Walk(Link(0, GENESIS))
    for row in rows:
        if wrong := walk.take(row):
            return row.id, wrong
    return None


def test_a_chain_fits_from_its_first_row_and_from_any_later_one() -> None:
    rows = chain(5)
    assert first_fault(rows) is None
    assert rows[1].position is not None
    assert rows[1].hash is not None
    walk = Walk(Link(rows[1].position, rows[1].hash))
    assert [walk.take(row) for row in rows[2:]] == [None, None, None]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at", NOON),
        ("actor_kind", "system"),
        ("actor_id", "ben"),
        ("action", "case.resolve"),
        ("subject", "case 9"),
        ("detail", {"a": [3], "b": 2}),
        ("id", 7),
    ],
)
def test_whatever_of_a_row_is_changed_it_is_the_first_that_does_not_fit(field: str, value: object) -> None:
    rows = chain(5)
    rows[2] = replace(rows[2], **{field: value})  # type: ignore[arg-type]
    fault = first_fault(rows)
    assert fault is not None
    assert fault[0] == rows[2].id
    assert "content" in fault[1]


@pytest.mark.parametrize(
    ("tamper", "found_at", "says"),
    [
        (lambda rows: rows.pop(2), 8, "missing"),
        (lambda rows: rows.insert(2, rows.pop(3)), 8, "missing or were moved"),
        (lambda rows: rows.insert(3, replace(rows[2], id=99, position=4)), 99, "does not follow"),
    ],
)
def test_rows_taken_out_moved_or_put_in_are_found(
    tamper: Callable[[list[Row]], object], found_at: int, says: str
) -> None:
    rows = chain(5)
    tamper(rows)
    fault = first_fault(rows)
    assert fault is not None
    assert fault[0] == found_at
    assert says in fault[1]


def test_the_order_of_the_keys_of_a_detail_is_of_no_account() -> None:
    row = chain(1)[0]
    turned = replace(row, detail={"a": [1], "b": 1})
    assert next_link(turned, Link(0, GENESIS)).hash == row.hash
