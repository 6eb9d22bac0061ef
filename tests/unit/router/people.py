"""Builders for stories about routing: people, rules, cases and a floor."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from services.router.fits import Fits
from services.router.floor import Floor
from services.router.language import Spoken, parse
from services.router.need import Need, Waiting
from services.router.rules import Rules
from services.router.shifts import Always, Shift
from services.router.specialist import Specialist, Standing
from shared.config.routing import Routing
from shared.contracts.vocabulary import Severity

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LONG_SHIFT = Shift(NOW - timedelta(hours=4), NOW + timedelta(hours=8))
AREAS: dict[str, str | None] = {"violent_content": None, "hateful_conduct": None, "child_safety": "child_safety"}
TARGETS = {
    Severity.CRITICAL: timedelta(hours=1),
    Severity.HIGH: timedelta(hours=4),
    Severity.MEDIUM: timedelta(days=1),
    Severity.LOW: None,
}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def person(name: str, *languages: str, **more: Any) -> Specialist:
    """Somebody who speaks `languages` (`es` or `es:3`) and may do all the rest, unless told otherwise."""
    spoken = [tag.partition(":")[::2] for tag in languages or ("en",)]
    fields: dict[str, Any] = {
        "regions": ("any",),
        "policy_areas": None,
        "certifications": frozenset(),
        "capacity": 2,
        "shifts": Always(),
    }
    return Specialist(
        id=name,
        name=name.title(),
        languages=tuple(Spoken(parse(tag), int(level or 5)) for tag, level in spoken),
        **{**fields, **more},
    )


def rules(*people: Specialist, pools: dict[str, frozenset[str]] | None = None, **routing: Any) -> Rules:
    return Rules(
        specialists=tuple(sorted(people, key=lambda one: one.id)),
        pools=pools or {},
        certifications=AREAS,
        severities=dict.fromkeys(AREAS, Severity.HIGH),
        routing=Routing.model_validate(routing),
        resolve_targets=TARGETS,
        version="test",
    )


def standing(**more: Any) -> Standing:
    """On shift for hours, available, without load."""
    return Standing(**{"shift": LONG_SHIFT, "next_shift": None, **more})


def floor(book: Rules, **standings: Standing) -> Floor:
    everybody = {one.id: standings.get(one.id) or standing() for one in book.specialists}
    return Floor(rules=book, standings=everybody, now=NOW, fits=Fits(book))


def need(severity: Severity = Severity.HIGH, **more: Any) -> Need:
    return Need(severity, **{"policy_area": "violent_content", "language": "en", "region": "US", **more})


def case(
    number: int = 1, *, due: timedelta | None = timedelta(hours=4), waited: timedelta = timedelta(0), **more: Any
) -> Waiting:
    """Case `number`, due so long after NOW, with a need of `more`."""
    return Waiting(UUID(int=number), need(**more), None if due is None else NOW + due, NOW - waited)
