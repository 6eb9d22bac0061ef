"""Small pieces from which the stories of these tests are told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.notifier.case_pages import CasePages
from services.notifier.delivery import Attempt
from services.notifier.desk import Desk, Way
from services.notifier.pages import Page, Reason
from services.notifier.reach import Rulebook
from services.notifier.reactions import react
from shared.config.oncall import OnCallConfig
from shared.contracts.events import CaseSummary, Event
from shared.contracts.vocabulary import AttemptState, ChannelKind, PageReasonKind, Severity, Urgency
from shared.ids import uuid7
from tests.support.samples import SUMMARY, change_of, sample

NOW = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def oncall(**changes: Any) -> OnCallConfig:
    """Ana is on call on `primary` by layer `weekly`; policy `safety` pages her, then Lead; repeats once."""

    def responder(name: str, *channels: tuple[str, str]) -> dict[str, Any]:
        rules = [{"channel": channel, "after": after} for channel, after in channels]
        return {"id": name, "name": name.title(), "time_zone": "UTC", "rules": {"high": rules, "low": rules}}

    config: dict[str, Any] = {
        "responders": [
            responder("ana", ("pager", "PT0S"), ("phone", "PT2M")),
            responder("ben", ("pager", "PT0S")),
            responder("lead", ("pager", "PT0S")),
            responder("mute"),
        ],
        "schedules": [schedule("primary", ["ana"])],
        "policies": [
            {
                "id": "safety",
                "steps": [
                    {"notify": [{"schedule": "primary"}], "ack_timeout": "PT5M"},
                    {"notify": [{"responder": "lead"}], "ack_timeout": "PT10M"},
                ],
                "repeat": 1,
                "fallback": [{"channel": "pager"}],
            }
        ],
        "paging": [
            {"on": "breach", "severities": ["critical", "high"], "policy": "safety", "urgency": "high"},
            {"on": "breach", "kinds": ["regulatory"], "policy": "safety", "urgency": "high"},
            {"on": "breach", "severities": ["medium"], "policy": "safety", "urgency": "low"},
            {"on": "warning", "percent": 90, "policy": "safety", "urgency": "low"},
            {"on": "unroutable", "severities": ["critical"], "policy": "safety", "urgency": "high"},
            {"on": "declined", "policy": "safety", "urgency": "high"},
        ],
    }
    return OnCallConfig.model_validate(config | changes)


def schedule(name: str, responders: list[str | None], **layer: Any) -> dict[str, Any]:
    """One layer of weekly turns from Monday 2026-01-05 09:00."""
    rotation = {"unit": "week", "length": 1, "anchor": "2026-01-05T09:00"}
    return {
        "id": name,
        "time_zone": "UTC",
        "layers": [{"id": "weekly", "rotation": rotation, "responders": responders, **layer}],
    }


def steps(*targets: list[dict[str, str]], repeat: int = 0, fallback: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    """A policy `safety` of such steps, five minutes each."""
    return {
        "id": "safety",
        "steps": [{"notify": notify, "ack_timeout": "PT5M"} for notify in targets],
        "repeat": repeat,
        "fallback": list(fallback),
    }


def desk(config: OnCallConfig | None = None, *, now: datetime = NOW) -> Desk:
    """The desk at `now`."""
    rulebook = Rulebook.at(config or oncall(), {}, config_version="c1", tzdata_version="2026a")
    return Desk(rulebook, {"pager": Way(ChannelKind.WEBHOOK, "https://pager.test/…")}, now)


def summary(**changes: Any) -> CaseSummary:
    """A critical open case."""
    return CaseSummary.model_validate(SUMMARY | changes)


def case(**changes: Any) -> CasePages:
    """A case without pages."""
    case_id = uuid7()
    return CasePages(case_id, case_id, summary=summary(**changes))


def event(case: CasePages, type_: str, *, clock: UUID | None = None, at: datetime = NOW, **rest: Any) -> Event:
    """An event of the case; `clock` makes it one of that clock; `severity`, `status`, `version` change the case."""
    of_case = {name: rest.pop(name) for name in ("severity", "status", "version") if name in rest}
    change = {**change_of(f"tocsin.{type_}"), **rest}
    if clock is not None:
        kind = rest.pop("kind", "internal")
        shown = {**change["clock"], "clock_id": clock, "name": "resolve", "kind": kind}
        change["clock"] = {**shown, "breached_at": at if type_ == "clock.breached" else None}
    known = case.summary.model_dump() if case.summary else SUMMARY
    return sample(f"tocsin.{type_}", case_id=case.key, occurred_at=at, change=change, case={**known, **of_case})


def take(
    case: CasePages, type_: str, *, config: OnCallConfig | None = None, now: datetime = NOW, **which: Any
) -> CasePages:
    """The case takes an event at `now`."""
    react(desk(config, now=now), case, event(case, type_, at=which.pop("at", now), **which))
    return case


def deliver(case: CasePages) -> None:
    """Every attempt that is due without delay is sent."""
    pending = [a for a in case.attempts.values() if a.state is AttemptState.PENDING and a.channel == "pager"]
    case.put_attempts(replace(attempt, state=AttemptState.SENT, next_at=None) for attempt in pending)


def calls(case: CasePages) -> list[tuple[str, str | None, int, int]]:
    """(type, responder, step, round) of each attempt over the pager, in order."""
    return [
        (a.type.value.removeprefix("page."), a.responder, a.step, a.round)
        for a in case.attempts.values()
        if a.channel == "pager"
    ]


def said(case: CasePages) -> list[str]:
    """The events, without prefix."""
    return [kind.type.removeprefix("tocsin.page.") for kind, _, _ in case.said]


def pages(case: CasePages) -> list[Page]:
    """Oldest first."""
    return list(case.pages.values())


def page(**changes: Any) -> Page:
    """A triggered page of a breach."""
    page_id = uuid7()
    return replace(
        Page(
            page_id=page_id,
            key=page_id,
            case_id=None,
            policy="safety",
            severity=Severity.CRITICAL,
            urgency=Urgency.HIGH,
            reasons=(Reason(PageReasonKind.BREACH, NOW, uuid7(), "resolve"),),
            created_at=NOW,
        ),
        **changes,
    )


def attempts_of(case: CasePages, channel: str) -> list[Attempt]:
    """Attempts over one channel."""
    return [attempt for attempt in case.attempts.values() if attempt.channel == channel]
