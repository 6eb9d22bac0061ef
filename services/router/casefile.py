"""A case as routing knows it: summary, clocks, who had it, who has it. Pure.

The summary is the newest by intake's version, whichever topic brought it; what happened to the case is
told by tocsin.cases alone. So the topics end in the same state in whatever order they are read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from services.router.assignment import Assignment
from services.router.deadline import KnownClock, deadline, stand_in
from services.router.need import NOBODY, Need
from services.router.rules import Rules
from shared.contracts.events import CaseSummary
from shared.contracts.vocabulary import RoutingOutcome, Severity

_NEEDS_REMEMBERED = 16_384
_ALWAYS = frozenset({"severity", "policy_area", "language", "region"})
"""Of a need, however empty: one case that could not be read back would hold up the matching of all."""


class Phase(StrEnum):
    """Where a case stands with routing. `STUB`: known from its clocks only, not yet from intake."""

    STUB = "stub"
    WAITING = "waiting"
    HELD = "held"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class History:
    """What earlier assignments leave behind.

    `decided` had the case when it was resolved, or resolved it; of these `barred` may not judge an appeal.
    A transfer named `specialist` or `pool`. `prefers` is who had it before it was reopened.
    """

    declined: frozenset[str] = NOBODY
    declines: int = 0
    decided: frozenset[str] = NOBODY
    barred: frozenset[str] = NOBODY
    last: str | None = None
    prefers: str | None = None
    specialist: str | None = None
    pool: str | None = None
    override_exposure: bool = False
    familiar: frozenset[str] = NOBODY


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One case. `outcome` and `waiting_reason` are those of the last decision that left it waiting."""

    case_id: UUID
    seq: int
    revision: int
    summary: CaseSummary
    phase: Phase
    history: History = History()
    clocks: Mapping[UUID, KnownClock] = field(default_factory=dict)
    waiting_since: datetime | None = None
    outcome: RoutingOutcome | None = None
    waiting_reason: str | None = None
    fresh: bool = False
    trace: str | None = None
    live: Assignment | None = None

    def need(self) -> Need:
        """What decides who may take it."""
        summary, history = self.summary, self.history
        return Need(
            severity=summary.severity,
            policy_area=summary.policy_area,
            language=summary.language,
            region=summary.region,
            conflicted=frozenset(summary.excluded_specialists) | history.barred,
            declined=history.declined,
            specialist=history.specialist,
            pool=history.pool,
            override_exposure=history.override_exposure,
            prefers=history.prefers,
            familiar=history.familiar,
        )

    def due_at(self, rules: Rules) -> datetime | None:
        """Its deadline as far as it is known."""
        target = rules.resolve_targets.get(self.summary.severity)
        return deadline(self.clocks.values(), stand_in=stand_in(self.summary.received_at, target))

    def waits(self, *, since: datetime, **history: object) -> "CaseFile":
        """Back in the queue, to be looked at anew; `history` changes with it."""
        return replace(
            self,
            phase=Phase.WAITING,
            waiting_since=since,
            outcome=None,
            waiting_reason=None,
            fresh=True,
            live=None,
            history=replace(self.history, **history),  # type: ignore[arg-type]
        )


def encode_need(need: Need) -> str:
    """Canonical JSON, without what is not set."""
    fields = {name: _plain(getattr(need, name)) for name in Need.__slots__}
    return orjson.dumps({name: value for name, value in fields.items() if value or name in _ALWAYS}).decode()


@lru_cache(maxsize=_NEEDS_REMEMBERED)
def decode_need(text: str) -> Need:
    """The need that was encoded; the same object for the same text."""
    fields: dict[str, Any] = orjson.loads(text)
    sets: dict[str, Any] = {name: frozenset(fields.pop(name, ())) for name in ("conflicted", "declined", "familiar")}
    return Need(Severity(fields.pop("severity")), **fields, **sets)


def _plain(value: object) -> object:
    return sorted(value) if isinstance(value, frozenset) else value
