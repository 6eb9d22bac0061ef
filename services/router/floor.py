"""Everybody as they stand in one round, booked on while it decides. Pure.

Keeps what many needs ask of the same people: who has room, who is free soonest, what a person brings.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.router.eligibility import Reason, hindrances
from services.router.fits import Fits, Fitting
from services.router.language import parse
from services.router.need import Need
from services.router.outlook import NEVER, Asked, earliest
from services.router.rules import Rules
from services.router.scoring import PersonTerms, language_prices, spare_price
from services.router.specialist import Standing
from shared.contracts.vocabulary import Presence

Queue = list[tuple[datetime, str, Standing, int]]


@dataclass
class Floor:
    """The standings at `now` under `rules`."""

    rules: Rules
    standings: Mapping[str, Standing]
    now: datetime
    fits: Fits
    weights_version: str = field(init=False)
    bookings: dict[str, int] = field(default_factory=dict, init=False)
    _prices: Mapping[str, float] = field(init=False)
    _room: dict[int, set[str]] = field(default_factory=dict, init=False)
    _queues: dict[int, Queue] = field(default_factory=dict, init=False)
    _starts: list[tuple[datetime, str]] | None = field(default=None, init=False)
    _spare: dict[tuple[str, str], float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.weights_version = self.rules.routing.weights_version
        present = (one for one in self.rules.specialists if self.standings[one.id].shift is not None)
        self._prices = language_prices(present, self.rules.routing.min_proficiency)

    def room(self, units: int) -> set[str]:
        """Who is on shift, available and has capacity for `units`."""
        found = self._room.get(units)
        if found is None:
            found = self._room[units] = {name for name in self.standings if self._has_room(name, units)}
        return found

    def by_freedom(self, units: int) -> Asked:
        """Everybody with when they could take `units` at the earliest, soonest first."""
        found = self._queues.get(units)
        if found is None:
            found = self._queues[units] = sorted(
                (earliest(how, capacity=one.capacity, units=units, now=self.now), one.id, how, one.capacity)
                for one, how in ((one, self.standings[one.id]) for one in self.rules.specialists)
            )
        return found

    def by_shift(self) -> Iterator[tuple[datetime, str]]:
        """Everybody with when they are on shift next (now, if they are), soonest first; some never."""
        if self._starts is None:
            self._starts = sorted((self._shift_of(how), name) for name, how in self.standings.items())
        return iter(self._starts)

    def hindrances(self, specialist: str, units: int, handling: timedelta) -> tuple[Reason, ...]:
        """What stands in somebody's way now."""
        capacity = self.rules.by_id[specialist].capacity
        how = self.standings[specialist]
        return hindrances(how, capacity=capacity, units=units, handling=handling, now=self.now)

    def brings(self, specialist: str, need: Need, fitting: Fitting) -> PersonTerms:
        """What somebody brings to a pair of this need."""
        return PersonTerms(
            distance=fitting.distances.get(specialist, 0.0),
            price=self._spare_price(specialist, need.language),
            idle=self.standings[specialist].idle(self.now),
            known=specialist in need.familiar,
        )

    def book(self, specialist: str, units: int, handling: timedelta) -> None:
        """Somebody takes a case on."""
        self.standings[specialist].book(units, self.now + handling)
        self.bookings[specialist] = self.bookings.get(specialist, 0) + 1
        self._queues.clear()
        for size, names in self._room.items():
            if not self._has_room(specialist, size):
                names.discard(specialist)

    def _has_room(self, name: str, units: int) -> bool:
        how = self.standings[name]
        on_duty = how.shift is not None and how.presence is Presence.AVAILABLE
        return on_duty and how.load + units <= self.rules.by_id[name].capacity

    def _shift_of(self, how: Standing) -> datetime:
        if how.shift is not None:
            return self.now
        return how.next_shift.start if how.next_shift else NEVER

    def _spare_price(self, specialist: str, language: str) -> float:
        key = (specialist, parse(language).base)
        price = self._spare.get(key)
        if price is None:
            least = self.rules.routing.min_proficiency
            price = self._spare[key] = spare_price(language, self.rules.by_id[specialist], self._prices, least)
        return price
