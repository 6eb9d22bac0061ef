"""Claiming partitions: from what the group assigned to what the database lets this process write.

A claim raises the epoch, so that whoever held the partition before writes nothing more. A position that
does not lie in the log, or belongs to another cluster, is not read on from: the service is not ready.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import structlog

from shared.bus import positions
from shared.bus.holdings import Holdings
from shared.bus.positions import Claim, Place
from shared.bus.session import Session
from shared.clock import Clock
from shared.db import Database

RECLAIM_AFTER = 1.0
"""Seconds that a partition may be fenced while the group still calls it ours; then it is claimed again."""

RECHECK_AFTER = 5.0
RUNBOOK = "see docs/runbooks/position-out-of-range.md"

log = structlog.get_logger(__name__)


@dataclass
class Ownership:
    """Keeps the holdings in step with the group's assignment."""

    db: Database
    clock: Clock
    owner: str
    holdings: Holdings
    faults: dict[Place, str] = field(default_factory=dict)
    _not_before: dict[Place, float] = field(default_factory=dict)

    async def follow(self, session: Session) -> None:
        """Drop what was taken away, claim what is new; raises `Transient` when either engine is away."""
        assigned = session.assigned()
        self.holdings.drop(self.holdings.places - assigned)
        for place in set(self.faults) - assigned:
            del self.faults[place]
        now = self.clock.monotonic()
        new = {p for p in assigned - self.holdings.places if self._not_before.get(p, now) <= now}
        if new:
            await self._claim(session, new)

    async def read_again(self, session: Session) -> None:
        """After a failed batch: read every held position from the database and seek it; drop what is fenced."""
        places = self.holdings.places
        async with self.db.connection() as connection:
            found = await positions.read(connection, places)
        for place in places:
            held, row = self.holdings.of(place), found.get(place)
            if held is None or row is None or row.epoch != held.epoch:
                self._lose(place)
            else:
                self.holdings.move(place, row.next_offset)
                self.seek(session, place)

    def seek(self, session: Session, place: Place) -> None:
        """Have the client read on at the held position."""
        held = self.holdings.of(place)
        if held is not None:
            session.seek(place, held.next_offset)
            self.holdings.sought(place, session.polls)

    def put_right(self, session: Session, misplaced: Mapping[Place, int | None]) -> None:
        """The client reads from elsewhere, or nowhere: seek; if even our own position is not there, refuse it."""
        for place, offset in misplaced.items():
            held = self.holdings.of(place)
            if held is not None and held.next_offset == offset:
                self.refuse([place], f"{_name(place)}: the log no longer holds the position {offset}; {RUNBOOK}")
            elif held is not None:
                self.seek(session, place)

    def refuse(self, places: Iterable[Place], fault: str) -> None:
        """These cannot be read on from; look again in a while."""
        for place in places:
            if self.faults.get(place) != fault:
                log.error("partition refused", topic=place.topic, partition=place.partition, fault=fault)
            self.faults[place] = fault
            self._not_before[place] = self.clock.monotonic() + RECHECK_AFTER
        self.holdings.drop(places)

    def _lose(self, place: Place) -> None:
        log.warning("partition fenced", topic=place.topic, partition=place.partition)
        self.holdings.drop([place])
        self._not_before[place] = self.clock.monotonic() + RECLAIM_AFTER

    async def _claim(self, session: Session, places: set[Place]) -> None:
        cluster_id = await session.cluster_id()
        beginnings = await session.beginnings(places)
        async with self.db.transaction() as tx:
            claims = await positions.claim(tx, beginnings, owner=self.owner, cluster_id=cluster_id)
        ends = await session.ends(places)
        for claim in claims:
            fault = fault_of(claim, beginnings, ends, cluster_id)
            if fault is None:
                self.faults.pop(claim.place, None)
                self.holdings.hold(claim)
                self.seek(session, claim.place)
            else:
                self.refuse([claim.place], fault)


def _name(place: Place) -> str:
    return f"{place.topic}/{place.partition}"


def fault_of(claim: Claim, beginnings: Mapping[Place, int], ends: Mapping[Place, int], cluster_id: str) -> str | None:
    """Why a claimed position cannot be read on from, or None."""
    where = _name(claim.place)
    if claim.cluster_id != cluster_id:
        return f"{where}: the position belongs to cluster {claim.cluster_id}, this is {cluster_id}; {RUNBOOK}"
    first, last = beginnings[claim.place], ends[claim.place]
    if not first <= claim.next_offset <= last:
        return f"{where}: the position {claim.next_offset} is not within {first}..{last} of the log; {RUNBOOK}"
    return None
