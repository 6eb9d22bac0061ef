"""One round of the matcher: read what waits and who is there, decide, and write what was decided.

Reading and deciding need no transaction. The one that writes checks the lease's epoch, locks the cases
that were decided on, and keeps only decisions whose case has not changed since; units are booked under
the people's locks, up to their capacity. Whatever falls away is decided anew in the next round.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.router.assignment import end_of
from services.router.casefile import CaseFile, Phase
from services.router.casework import Casework
from services.router.decision import Decision, left_waiting
from services.router.explain import view
from services.router.fits import Fits
from services.router.floor import Floor
from services.router.matching import match
from services.router.rules import Rules
from services.router.shiftboard import ShiftBoard
from services.router.specialist import Status
from services.router.store import assignments, cases, specialists, writing
from services.router.store.cases import Queued
from services.router.store.specialists import Booking
from shared.db import Database, Tx
from shared.db.leases import Lease
from shared.ids import uuid7

LIMIT = 200
"""Decisions written by one transaction."""


@dataclass(frozen=True)
class Desk:
    """The rules in force with what is remembered under them."""

    rules: Rules
    board: ShiftBoard
    fits: Fits

    @classmethod
    def of(cls, rules: Rules) -> "Desk":
        """A desk that remembers nothing yet."""
        return cls(rules, ShiftBoard(rules), Fits(rules))

    async def floor(self, db: Database, connection: Tx, *, cases: int) -> Floor:
        """Everybody as they stand now, to decide over so many cases.

        What somebody has in hand matters only when it may keep them from taking on more.
        """
        statuses, instant = await specialists.statuses_now(connection)
        most = cases * max(self.rules.routing.units.values())
        full = [one.id for one in self.rules.specialists if _load(statuses, one.id) + most > one.capacity]
        held = await assignments.held(connection, full)
        now = instant + db.offset
        return Floor(self.rules, self.board.standings(statuses, held, now), now, self.fits)

    def idle_floor(self, now: datetime) -> Floor:
        """Everybody who is on shift at `now`, available and without any case."""
        return Floor(self.rules, self.board.standings({}, {}, now), now, self.fits)

    def shift_ends(self, now: datetime) -> dict[str, datetime | None]:
        """When the present shift of each who is on shift ends; None: never."""
        shifts = {name: self.board.of(name, now)[0] for name in self.rules.by_id}
        return {name: end_of(shift, now) for name, shift in shifts.items() if shift is not None}


@dataclass(frozen=True)
class Plan:
    """What a round decided: assignments, cases left waiting for a new reason, and those with nothing new."""

    assigned: Sequence[Decision]
    left: Sequence[Decision]
    unchanged: Sequence[Queued]
    revisions: dict[UUID, int]
    complete: bool

    @property
    def empty(self) -> bool:
        """Whether there is nothing to write."""
        return not (self.assigned or self.left or self.unchanged)


@dataclass
class Written:
    """What of a plan was committed. `complete`: there is nothing left to decide now."""

    complete: bool
    decided: list[tuple[Decision, datetime | None]] = field(default_factory=list)
    now: datetime | None = None


async def plan(db: Database, desk: Desk, *, fresh_only: bool) -> Plan:
    """Decide over what waits, or over what was not looked at yet."""
    async with db.connection() as connection:
        queued = await cases.waiting(connection, fresh_only=fresh_only)
        floor = await desk.floor(db, connection, cases=len(queued)) if queued else None
    if floor is None:
        return Plan((), (), (), {}, complete=True)
    return decided(floor, queued)


def decided(floor: Floor, queued: Sequence[Queued]) -> Plan:
    """The plan for these cases; what nobody may take is recorded only when its reason is new."""
    known = {one.waiting.case_id: one for one in queued}
    matched = match(floor, [one.waiting for one in queued], limit=LIMIT)
    left: list[Decision] = []
    unchanged: list[Queued] = []
    complete = matched.complete
    for group, case, outcome, reason in matched.waiting() if matched.complete else ():
        before = known[case.case_id]
        if (before.outcome, before.reason) == (outcome, reason):
            unchanged.append(before)
        elif len(matched.assigned) + len(left) < LIMIT:
            left.append(left_waiting(group, case))
        else:
            complete = False
    revisions = {case_id: one.revision for case_id, one in known.items()}
    return Plan(matched.assigned, left, [one for one in unchanged if one.fresh], revisions, complete)


async def write(tx: Tx, db: Database, lease: Lease, epoch: int, desk: Desk, made: Plan) -> Written:
    """Write the plan in `tx`, as far as it still holds."""
    await lease.check(tx, epoch)
    locked = await cases.lock(tx, [one.case.case_id for one in (*made.assigned, *made.left)])
    valid = {name: case for name, case in locked.items() if _holds(case, made)}
    offers = [one for one in made.assigned if one.case.case_id in valid]
    booked, instant = await _book(tx, offers, desk.rules)
    work = Casework(desk.rules, instant + db.offset, valid)
    written = Written(made.complete and len(offers) == len(made.assigned), now=work.now)
    for one in offers:
        case = valid[one.case.case_id]
        named = one.named
        if named or one.specialist in booked:
            work.offer(case, one, view(one, decision_id=uuid7(), decided_at=work.now), booked=not named)
            written.decided.append((one, case.waiting_since))
        else:
            written.complete = False
    for one in made.left:
        if one.case.case_id in valid:
            work.leave(valid[one.case.case_id], view(one, decision_id=uuid7(), decided_at=work.now))
            written.decided.append((one, None))
    await cases.looked_at(tx, made.unchanged)
    await writing.write(tx, work)
    return written


def _load(statuses: Mapping[str, Status], specialist: str) -> int:
    status = statuses.get(specialist)
    return 0 if status is None else status.load


def _holds(case: CaseFile, made: Plan) -> bool:
    """Whether the case is as it was when it was decided on."""
    return case.phase is Phase.WAITING and case.revision == made.revisions[case.case_id]


async def _book(tx: Tx, offers: Sequence[Decision], rules: Rules) -> tuple[set[str], datetime]:
    """Take on the units of all offers but those that a transfer names: who could, and the instant of it."""
    units: Counter[str] = Counter()
    for one in offers:
        if one.specialist is not None and not one.named:
            units[one.specialist] += one.units
    bookings = [Booking(name, units[name], rules.by_id[name].capacity) for name in sorted(units)]
    return await specialists.book(tx, bookings)
