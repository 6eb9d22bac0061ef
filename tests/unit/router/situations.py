"""Random situations: rosters, how everybody stands, and what waits."""

from uuid import UUID

from hypothesis import strategies as st

from services.router.floor import Floor
from services.router.need import Waiting
from services.router.rules import Rules
from services.router.shifts import Shift
from services.router.specialist import Held, Specialist, Standing
from shared.contracts.vocabulary import Presence, Severity
from tests.unit.router.people import LONG_SHIFT, NOW, floor, minutes, need, person, rules

LANGUAGES = ["en", "fr", "es-MX", "es", "und"]
REGIONS = ["US", "MX", "ZZ"]
POLICY_AREAS = ["violent_content", "hateful_conduct", "child_safety", "unknown"]


@st.composite
def staffs(draw: st.DrawFn) -> list[Specialist]:
    return [
        person(
            f"s{number}",
            *draw(st.lists(st.sampled_from(LANGUAGES[:4]), min_size=1, max_size=3, unique=True)),
            regions=tuple(draw(st.lists(st.sampled_from(["US", "MX", "any"]), min_size=1, max_size=2, unique=True))),
            policy_areas=draw(st.none() | st.frozensets(st.sampled_from(POLICY_AREAS[:3]), min_size=1)),
            certifications=draw(st.frozensets(st.just("child_safety"))),
            capacity=draw(st.integers(2, 4)),
        )
        for number in range(draw(st.integers(0, 6)))
    ]


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    load = draw(st.integers(0, 3))
    shift = draw(st.sampled_from([LONG_SHIFT, LONG_SHIFT, None, Shift(NOW - minutes(60), NOW + minutes(30))]))
    return Standing(
        shift=shift,
        next_shift=draw(st.none() | st.just(Shift(NOW + minutes(90), NOW + minutes(600)))),
        presence=draw(st.sampled_from([Presence.AVAILABLE, Presence.AVAILABLE, Presence.AWAY])),
        load=load,
        held=[Held(NOW + minutes(draw(st.integers(-5, 90))), 1) for _ in range(load)],
        idle_since=draw(st.none() | st.integers(0, 100).map(lambda ago: NOW - minutes(ago))),
    )


@st.composite
def waiting_cases(draw: st.DrawFn) -> list[Waiting]:
    return [
        Waiting(
            UUID(int=number),
            need(
                draw(st.sampled_from(Severity)),
                language=draw(st.sampled_from(LANGUAGES)),
                region=draw(st.sampled_from(REGIONS)),
                policy_area=draw(st.sampled_from(POLICY_AREAS)),
                declined=draw(st.frozensets(st.sampled_from(["s0", "s1"]), max_size=1)),
            ),
            draw(st.none() | st.integers(-60, 400).map(lambda left: NOW + minutes(left))),
            NOW - minutes(draw(st.integers(0, 120))),
        )
        for number in range(draw(st.integers(0, 12)))
    ]


@st.composite
def situations(draw: st.DrawFn) -> tuple[Rules, dict[str, Standing], list[Waiting]]:
    book = rules(*draw(staffs()))
    return book, {one.id: draw(standings()) for one in book.specialists}, draw(waiting_cases())


def copied(book: Rules, how: dict[str, Standing]) -> Floor:
    fresh = {
        name: Standing(one.shift, one.next_shift, one.presence, one.load, list(one.held), one.idle_since)
        for name, one in how.items()
    }
    return floor(book, **fresh)
