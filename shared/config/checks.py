"""What no single file can tell: names that must be known in another file, and sums that must come out.

Works on the files as read, so that faults here show beside faults of types, not after them.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError

from shared.config.calendars import HORIZON_DAYS, CalendarSpec
from shared.config.document import Document
from shared.config.faults import Fault, Path
from shared.config.messages import did_you_mean
from shared.config.routing import UNITS
from shared.config.taxonomy import ANY
from shared.contracts.vocabulary import Severity

Documents = Mapping[str, Document]


@dataclass(frozen=True)
class Names:
    """Where names are given: values that `pattern` matches in `<file>.yaml`; with `keys` the keys of the map."""

    what: str
    file: str
    pattern: str
    keys: bool = False

    def known(self, documents: Documents) -> set[str] | None:
        """All of them; None where the file could not be read, so that nothing can be said."""
        document = documents[self.file]
        if document.data is None:
            return None
        found = (path[-1] if self.keys else value for path, value in document.find(self.pattern))
        return {name for name in found if isinstance(name, str)}


AREAS = Names("policy area", "taxonomy", "policy_areas.*", keys=True)
ACTIONS = Names("action", "taxonomy", "actions.*", keys=True)
CERTIFICATIONS = Names("certification of a policy area", "taxonomy", "policy_areas.*.certification")
SPECIALISTS = Names("specialist", "roster", "specialists.*.id")
CALENDARS = Names("calendar", "sla", "calendars.*", keys=True)
RESPONDERS = Names("responder", "oncall", "responders.*.id")
SCHEDULES = Names("schedule", "oncall", "schedules.*.id")
POLICIES = Names("policy", "oncall", "policies.*.id")
CHANNELS = Names("channel", "channels", "channels.*.id")


@dataclass(frozen=True)
class Reference:
    """Every value (or key) that `pattern` matches in `<file>.yaml` is one of `names`, or of `also`."""

    file: str
    pattern: str
    names: Names
    keys: bool = False
    also: tuple[str, ...] = ()


REFERENCES = (
    Reference("roster", "specialists.*.policy_areas.*", AREAS, also=(ANY,)),
    Reference("roster", "specialists.*.opt_outs.*", AREAS),
    Reference("roster", "specialists.*.certifications.*", CERTIFICATIONS),
    Reference("roster", "pools.*.specialists.*", SPECIALISTS),
    Reference("routing", "handling.policy_areas.*", AREAS, keys=True),
    Reference("sla", "internal.*.*.calendar", CALENDARS),
    Reference("sla", "regulatory.*.calendar", CALENDARS),
    Reference("sla", "regulatory.*.policy_areas.*", AREAS),
    Reference("sla", "regulatory.*.stop.actions.*", ACTIONS),
    Reference("oncall", "responders.*.rules.*.*.channel", CHANNELS),
    Reference("oncall", "schedules.*.owner", RESPONDERS),
    Reference("oncall", "schedules.*.layers.*.responders.*", RESPONDERS),
    Reference("oncall", "policies.*.steps.*.notify.*.schedule", SCHEDULES),
    Reference("oncall", "policies.*.steps.*.notify.*.responder", RESPONDERS),
    Reference("oncall", "policies.*.steps.*.notify.*.channel", CHANNELS),
    Reference("oncall", "policies.*.fallback.*.schedule", SCHEDULES),
    Reference("oncall", "policies.*.fallback.*.responder", RESPONDERS),
    Reference("oncall", "policies.*.fallback.*.channel", CHANNELS),
    Reference("oncall", "paging.*.policy", POLICIES),
    Reference("channels", "stakeholders", CHANNELS),
)

UNIQUE = (
    ("access", "principals.*.id", "principal"),
    ("access", "principals.*.key_sha256.*", "key hash"),
    ("roster", "specialists.*.id", "specialist"),
    ("sla", "regulatory.*.id", "clock"),
    ("oncall", "responders.*.id", "responder"),
    ("oncall", "schedules.*.id", "schedule"),
    ("oncall", "policies.*.id", "policy"),
    ("channels", "channels.*.id", "channel"),
)
"""(file, pattern, what): no value of these stands twice."""


def check(documents: Documents, today: date) -> list[Fault]:
    """Every fault between the files and every sum that does not come out."""
    return [
        *_unknown_names(documents),
        *_repeated(documents),
        *_capacities(documents),
        *_never_open(documents, today),
        *_stakeholders(documents),
        *_empty_schedules(documents),
    ]


def _unknown_names(documents: Documents) -> Iterator[Fault]:
    for reference in REFERENCES:
        known = reference.names.known(documents)
        if known is None:
            continue
        document = documents[reference.file]
        for path, value in document.find(reference.pattern):
            name = path[-1] if reference.keys else value
            if isinstance(name, str) and name not in known and name not in reference.also:
                hint = did_you_mean(name, known | set(reference.also))
                where = f"{reference.names.file}.yaml"
                yield document.fault(path, f"{name!r} is no {reference.names.what} of {where}; {hint}")


def _repeated(documents: Documents) -> Iterator[Fault]:
    for file, pattern, what in UNIQUE:
        seen: dict[Any, Path] = {}
        for path, value in documents[file].find(pattern):
            if not isinstance(value, str):
                continue
            if value in seen:
                first = documents[file].lines.get(seen[value], 1)
                message = f"the {what} {value!r} stands twice, first in line {first}; each has its own"
                yield documents[file].fault(path, message)
            seen.setdefault(value, path)


def _capacities(documents: Documents) -> Iterator[Fault]:
    """Somebody whose capacity is below a critical case's units could never take one."""
    units = next((value for _, value in documents["routing"].find("units.critical")), UNITS[Severity.CRITICAL])
    for path, capacity in documents["roster"].find("specialists.*.capacity"):
        if _is_whole(capacity) and _is_whole(units) and 0 < capacity < units:
            message = (
                f"{capacity} is below the {units} units of a critical case (routing.yaml); make it {units} or more"
            )
            yield documents["roster"].fault(path, message)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _never_open(documents: Documents, today: date) -> Iterator[Fault]:
    for file, pattern in (("sla", "calendars.*"), ("roster", "specialists.*.shifts")):
        for path, value in documents[file].find(pattern):
            calendar = _calendar(value)
            if calendar is not None and not calendar.opens_within(today):
                message = f"it has no open time in the {HORIZON_DAYS} days from {today}; give it weekly windows"
                yield documents[file].fault(path, message)


def _calendar(value: Any) -> CalendarSpec | None:
    try:
        return CalendarSpec.model_validate(value)
    except ValidationError:
        return None


def _stakeholders(documents: Documents) -> Iterator[Fault]:
    document = documents["channels"]
    kinds = _by_id(document.find("channels.*"))
    for path, name in document.find("stakeholders"):
        if isinstance(name, str) and name in kinds and kinds[name] != "email":
            yield document.fault(path, f"{name!r} is of kind {kinds[name]}; stakeholders need a channel of kind email")


def _by_id(channels: Iterable[tuple[Path, Any]]) -> dict[str, Any]:
    maps = (value for _, value in channels if isinstance(value, dict))
    return {value["id"]: value.get("kind") for value in maps if isinstance(value.get("id"), str)}


def _empty_schedules(documents: Documents) -> Iterator[Fault]:
    for path, layers in documents["oncall"].find("schedules.*.layers"):
        if layers == []:
            yield documents["oncall"].fault(path, "the schedule has no layers, so nobody is ever on call; add one")
