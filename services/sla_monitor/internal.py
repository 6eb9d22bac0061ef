"""The organisation's own clocks: the start and stop table of semantics section 2. Pure."""

from collections.abc import Iterator
from datetime import timedelta

from services.sla_monitor.definitions import ACKNOWLEDGE, FIRST_ACTION, RESOLVE, UPDATE, Rules, Terms
from services.sla_monitor.evaluation import Course, Track, courses_along, pauses_for
from services.sla_monitor.facts import Facts, Mark, Profile
from services.sla_monitor.spans import Span, union
from shared.contracts.vocabulary import ClockKind

REOPEN_RESUMES_WITHIN = timedelta(hours=72)
"""Reopened within this time, `resolve` goes on without the time in between; later, a new cycle starts."""


def once(facts: Facts, rules: Rules) -> Iterator[Course]:
    """`acknowledge` and `first_action`: once for a case, whatever becomes of it later."""
    acknowledged = () if facts.acknowledged is None else (facts.acknowledged,)
    acted = tuple(Mark(action.seq, action.at) for action in facts.actions)
    opening = facts.opening
    for name, marks, pauses in (
        (ACKNOWLEDGE, acknowledged, ()),
        (FIRST_ACTION, acted, pauses_for(facts.pendings, _any_reason)),
    ):
        yield from courses_along(
            Track(
                name=name,
                kind=ClockKind.INTERNAL,
                rules=rules,
                start=opening.received_at,
                known_at=opening.at,
                terms=_by_severity(facts.profiles, rules, name),
                stops=(*marks, *facts.resolutions),
                pauses=pauses,
            )
        )


def _by_severity(profiles: tuple[Profile, ...], rules: Rules, name: str) -> tuple[tuple[Profile, Terms | None], ...]:
    targets = rules.internal[name]
    return tuple((profile, targets.get(profile.severity)) for profile in profiles)


def _any_reason(reason: str) -> bool:
    return bool(reason)


def updates(facts: Facts, rules: Rules) -> list[Course]:
    """A cycle from the first report with stakeholders, from each update and from each reopening on."""
    first = next((report for report in facts.reports if report.stakeholders), None)
    if first is None:
        return []
    starts = [
        Mark(first.seq, first.at),
        *(mark for mark in _by_seq(facts.updates, facts.reopenings) if mark.seq > first.seq),
    ]
    found: list[Course] = []
    pauses = pauses_for(facts.pendings, _any_reason)
    for place, start in enumerate(starts):
        following = starts[place + 1] if place + 1 < len(starts) else None
        found += courses_along(_update_track(facts, rules, start, following, pauses), first_cycle=len(found) + 1)
    return found


def _update_track(facts: Facts, rules: Rules, start: Mark, following: Mark | None, pauses: tuple[Span, ...]) -> Track:
    resolved = next((mark.at for mark in facts.resolutions if mark.seq > start.seq), None)
    return Track(
        name=UPDATE,
        kind=ClockKind.INTERNAL,
        rules=rules,
        start=start.at,
        known_at=start.at,
        terms=_by_severity(facts.profiles_from(start, following), rules, UPDATE),
        seq=start.seq,
        stops=() if following is None or following in facts.reopenings else (following,),
        cancelled=resolved,
        pauses=pauses,
    )


def _by_seq(*marks: tuple[Mark, ...]) -> list[Mark]:
    return sorted((mark for group in marks for mark in group), key=lambda mark: mark.seq)


def resolve(facts: Facts, rules: Rules) -> list[Course]:
    """One cycle, and another for each time the case was reopened long after it was resolved."""
    opening = facts.opening
    start, pauses = Mark(0, opening.received_at), list(pauses_for(facts.pendings, _any_reason))
    found: list[Course] = []
    resolved: Mark | None = None
    for mark in _by_seq(facts.resolutions, facts.reopenings):
        if mark in facts.resolutions:
            resolved = resolved or mark
        elif resolved is not None and mark.at - resolved.at <= REOPEN_RESUMES_WITHIN:
            pauses.append(Span(resolved.at, mark.at))
            resolved = None
        elif resolved is not None:
            found += _resolve_cycle(facts, rules, start, resolved, pauses, cycle=len(found) + 1)
            start, resolved = mark, None
    return found + _resolve_cycle(facts, rules, start, resolved, pauses, cycle=len(found) + 1)


def _resolve_cycle(
    facts: Facts, rules: Rules, start: Mark, resolved: Mark | None, pauses: list[Span], *, cycle: int
) -> list[Course]:
    known_at = start.at if start.seq else facts.opening.at
    track = Track(
        name=RESOLVE,
        kind=ClockKind.INTERNAL,
        rules=rules,
        start=start.at,
        known_at=known_at,
        terms=_by_severity(facts.profiles_from(start), rules, RESOLVE),
        seq=start.seq,
        stops=() if resolved is None else (resolved,),
        pauses=union(pauses),
    )
    return courses_along(track, first_cycle=cycle)
