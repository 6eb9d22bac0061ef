"""What callers send, drawn by chance: escalations of many kinds, and the next command for a case in some state.

Pure: chance and the present instant are passed in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.chaos import world

Body = dict[str, Any]

ACKNOWLEDGE = timedelta(minutes=5)
"""The target of a critical case's acknowledge clock."""

SUBJECTS = 12
"""How many subjects shared reports are about at any time."""


@dataclass(frozen=True)
class Drawn:
    """One escalation, and what shall follow it: a command in good time, late but dated back, or nothing."""

    source: str
    body: Body
    then: str | None = None
    due: datetime | None = None


def escalation(rng: Random, external_id: str, now: datetime) -> Drawn:
    """An escalation of any kind: plain, about a shared subject, nearly due, or under an order."""
    draw = rng.choices((_plain, _shared, _nearly_due, _ordered), weights=(30, 20, 35, 15))[0]
    return draw(rng, external_id, now)


def left_alone(rng: Random, external_id: str, now: datetime) -> Drawn:
    """A critical case that comes in a second after its acknowledge clock was due: it breaches whatever follows."""
    due = now - timedelta(seconds=1)
    body = {"severity": "critical", "received_at": (due - ACKNOWLEDGE).isoformat()}
    return Drawn(_source(rng), _base(rng, external_id) | body, None, due)


def for_one(rng: Random, external_id: str, who: str) -> Drawn:
    """A plain escalation in a language of this specialist."""
    language = rng.choice(list(world.SPECIALISTS[who]))
    return Drawn(_source(rng), _base(rng, external_id) | {"language": language, "policy_area": "unknown"})


def command(rng: Random, status: str, now: datetime) -> tuple[str, Body]:
    """A command that a case of this status takes, and its body."""
    names = _SENSIBLE.get(status, _SENSIBLE["open"])
    name = rng.choices(list(names), weights=list(names.values()))[0]
    return name, _BODIES[name](rng, now)


def _base(rng: Random, external_id: str) -> Body:
    body: Body = {
        "external_id": external_id,
        "summary": f"Report {external_id}",
        "policy_area": rng.choice(world.AREAS),
        "language": rng.choice(world.LANGUAGES),
        "region": rng.choice(world.REGIONS),
    }
    if rng.random() < 0.5:
        body["severity"] = rng.choice(("critical", "high", "medium", "low"))
    if rng.random() < 0.2:
        body["stakeholders"] = [{"address": f"desk-{rng.randrange(9)}@example.org", "language": "es"}]
    return body


def _source(rng: Random) -> str:
    return rng.choice(world.SOURCES)


def _plain(rng: Random, external_id: str, now: datetime) -> Drawn:
    return Drawn(_source(rng), _base(rng, external_id))


def _shared(rng: Random, external_id: str, now: datetime) -> Drawn:
    number = rng.randrange(SUBJECTS)
    body = _base(rng, external_id)
    body["policy_area"] = world.AREAS[number % 2]
    body["subject"] = {"type": "post", "id": f"shared-{number}-{int(now.timestamp()) // 20}"}
    return Drawn(_source(rng), body)


def _nearly_due(rng: Random, external_id: str, now: datetime) -> Drawn:
    """A critical case whose acknowledge clock falls due in 2 to 8 seconds."""
    due = now + timedelta(seconds=rng.uniform(2, 8))
    body = _base(rng, external_id) | {"severity": "critical", "received_at": (due - ACKNOWLEDGE).isoformat()}
    then = rng.choices((None, "in time", "dated back"), weights=(45, 40, 15))[0]
    return Drawn(_source(rng), body, then, due)


def _ordered(rng: Random, external_id: str, now: datetime) -> Drawn:
    """A legal order that falls due in 3 to 9 seconds; some are carried out in time."""
    due = now + timedelta(seconds=rng.uniform(3, 9))
    order = {
        "clock": world.ORDER_CLOCK,
        "reference": f"order-{external_id}",
        "received_at": (now - timedelta(minutes=1)).isoformat(),
        "due_at": due.isoformat(),
    }
    body = _base(rng, external_id) | {"legal_orders": [order], "reporter": {"type": "authority"}}
    return Drawn(_source(rng), body, "act" if rng.random() < 0.4 else None, due)


def remove() -> Body:
    """The action that ends an order's clock."""
    return {"action": "remove", "scope": "global", "reason": "ordered"}


def _pend(rng: Random, now: datetime) -> Body:
    reason = rng.choice(("clarification", "force_majeure", "translation"))
    until = {"until": (now + timedelta(seconds=rng.uniform(1, 6))).isoformat()} if rng.random() < 0.6 else {}
    return {"reason": reason, **until}


def _reclassify(rng: Random, now: datetime) -> Body:
    changes = {
        "severity": rng.choice(("critical", "high", "medium", "low")),
        "language": rng.choice(world.LANGUAGES),
        "policy_area": rng.choice(world.AREAS),
    }
    field = rng.choice(list(changes))
    return {field: changes[field], "reason": "seen more closely"}


def _transfer(rng: Random, now: datetime) -> Body:
    to = {"pool": "latam"} if rng.random() < 0.3 else {"specialist": rng.choice(list(world.SPECIALISTS))}
    return {"to": to, "reason": "knows it"}


_BODIES: Mapping[str, Callable[[Random, datetime], Body]] = {
    "acknowledge": lambda rng, now: {},
    "pend": _pend,
    "resume": lambda rng, now: {},
    "act": lambda rng, now: remove(),
    "reclassify": _reclassify,
    "note": lambda rng, now: {"text": "looked at it", "visibility": rng.choice(("internal", "public"))},
    "update": lambda rng, now: {"text": "we are on it", "language": "en"},
    "transfer": _transfer,
    "resolve": lambda rng, now: {"outcome": rng.choice(("violation", "no_violation")), "summary": "done"},
    "reopen": lambda rng, now: {"kind": rng.choice(("appeal", "new_evidence", "error")), "reason": "asked again"},
}

_SENSIBLE: Mapping[str, Mapping[str, int]] = {
    "open": {"acknowledge": 30, "act": 10, "reclassify": 12, "note": 10, "update": 5, "transfer": 6, "resolve": 27},
    "acknowledged": {"pend": 25, "act": 10, "reclassify": 10, "note": 8, "update": 5, "transfer": 5, "resolve": 37},
    "pending": {"pend": 10, "resume": 40, "act": 5, "note": 5, "transfer": 5, "resolve": 35},
    "resolved": {"reopen": 40, "note": 60},
}
