"""A small sla.yaml for tests, and the cases that are judged by it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from services.sla_monitor.casework import CaseFile, Desk, Review, review
from services.sla_monitor.definitions import Rules, rules_of
from services.sla_monitor.facts import Facts
from services.sla_monitor.hearing import hear
from services.sla_monitor.settlement import Clock, Evidence, StepKind
from shared.bus.messages import Received
from shared.config.sla import SlaConfig
from shared.contracts.events import CaseBound
from shared.ids import uuid7
from tests.unit.sla_monitor.tale import T0, Tale, minutes

_LAW = {"basis": "test", "certainty": "high", "source": "test", "verified_on": "2026-11-22"}
SLA: dict[str, Any] = {
    "calendars": {
        "berlin": {
            "time_zone": "Europe/Berlin",
            "weekly": [{"days": ["mon", "tue", "wed", "thu", "fri"], "open": "09:00", "close": "17:00"}],
        }
    },
    "internal": {
        "acknowledge": {"critical": "PT5M", "high": "PT30M", "medium": "PT4H", "low": "PT8H"},
        "first_action": {"critical": "PT30M", "high": "PT2H"},
        "update": {"critical": "PT2H", "high": "PT8H"},
        "resolve": {"critical": "PT1H", "high": "PT4H", "low": {"target": "PT8H", "calendar": "berlin"}},
    },
    "regulatory": [
        {
            **_LAW, "id": "eu.tco.art3", "jurisdiction": "EU", "trigger": "legal_order", "target": "PT1H",
            "stop": {"actions": ["remove", "withhold_in_country"]}, "suspended_by": ["clarification"],
        },
        {
            **_LAW, "id": "us.take-it-down", "jurisdiction": "US", "trigger": "reporter:depicted_person",
            "regions": ["US"], "policy_areas": ["non_consensual_intimate_media"], "target": "PT48H",
            "stop": {"actions": ["remove"]}, "effective_from": "2026-05-19",
        },
        {**_LAW, "id": "eu.notice", "jurisdiction": "EU", "trigger": "report", "regions": ["EU"], "target": "PT24H",
         "policy_areas": ["hateful_conduct"]},
        {**_LAW, "id": "sg.order", "jurisdiction": "SG", "trigger": "legal_order", "order_specified": True},
        {**_LAW, "id": "de.netzdg", "jurisdiction": "DE", "trigger": "report", "target": "PT24H", "enabled": False},
    ],
    "warn": {"percents": [50, 75, 90]},
}  # fmt: skip
RULES = rules_of("v1", SlaConfig.model_validate(SLA))


def rules(version: str, **changes: Any) -> Rules:
    """Another version of the rules."""
    return rules_of(version, SlaConfig.model_validate({**SLA, **changes}))


class Bench:
    """Holds one case and reviews it as the service would, without any database."""

    def __init__(self, tale: Tale, latest: Rules = RULES) -> None:
        self.tale = tale
        self.known = {latest.version: latest}
        self.latest = latest
        self.steps: list[tuple[str, StepKind]] = []
        self.case: CaseFile | None = None

    def hears(self, events: Iterable[Received], *, now: datetime) -> "Bench":
        """Take events one after the other, then review once."""
        for received in events:
            assert isinstance(received.event, CaseBound)
            case = self.case or CaseFile(self.tale.case_id, 0, 0, received.event.case, Facts())
            newer = received.event.case.version > case.summary.version
            self.case = CaseFile(
                case.case_id, 0, 0, received.event.case if newer else case.summary,
                hear(case.facts, received.event, received.seq), case.pinned, case.waiting, case.clocks,
            )  # fmt: skip
        return self._review(now, None)

    def sweeps(self, now: datetime, *, caught_up: datetime | None = None) -> "Bench":
        """Fire what is due: certain up to `caught_up`, at all up to `now`."""
        return self._review(now, Evidence(complete=caught_up or now, limit=now))

    def take_up(self, latest: Rules) -> "Bench":
        """A newer configuration comes into force."""
        self.known[latest.version] = self.latest = latest
        return self

    def clock(self, name: str, cycle: int = 1, reference: str | None = None) -> Clock:
        assert self.case is not None
        found = [
            clock
            for clock in self.case.clocks
            if (clock.key.name, clock.key.cycle) == (name, cycle) and reference in (None, clock.key.reference)
        ]
        assert len(found) == 1, f"{name} {cycle}: {[clock.key for clock in self.case.clocks]}"
        return found[0]

    def names(self) -> set[str]:
        return set() if self.case is None else {clock.key.name for clock in self.case.clocks}

    def told(self, name: str) -> list[str]:
        """What was told of the clocks of that name, in order."""
        return [kind.value for clock, kind in self.steps if clock == name]

    def _review(self, now: datetime, evidence: Evidence | None) -> "Bench":
        assert self.case is not None
        desk = Desk(rules=self.known.__getitem__, latest=self.latest, new_id=uuid7)
        done: Review = review(self.case, desk, now=now, evidence=evidence)
        self.case = done.case
        self.steps += [(step.clock.key.name, step.kind) for step in done.steps]
        return self


def after(tale: Tale, now: float) -> Bench:
    """A bench that has heard the whole tale in one go, nothing fired."""
    return Bench(tale).hears(tale.told, now=minutes(now))


def state(clock: Clock) -> tuple[str, float | None]:
    """State, and when it stopped in minutes after `T0`."""
    stopped = None if clock.stopped_at is None else (clock.stopped_at - T0) / timedelta(minutes=1)
    return clock.state.value, stopped
