"""What ends by time: offers that nobody answered, and cases whose specialist's shift is over.

Every instance sweeps. Emits assignment.expired and assignment.released.
"""

from collections.abc import Callable
from dataclasses import replace

from services.router import assignment as assignments_of
from services.router.assignment import Assignment
from services.router.casefile import CaseFile
from services.router.casework import Casework
from services.router.rulebook import Rulebook
from services.router.store import assignments, cases, writing
from shared.clock import Clock
from shared.components.crash import CrashPoint, crash_point
from shared.contracts.vocabulary import AssignmentState
from shared.db import Database

LIMIT = 200
SHIFT_OVER = "shift_over"
NOT_ON_ROSTER = "not_on_roster"

SETTLED_AFTER = 5.0
"""Seconds for which a roster must be in force before cases of those who left it are taken back: another
instance may have taken up a newer one."""


class Offers:
    """Sweeps over live assignments; each call is one transaction and gives the number of rows it met."""

    def __init__(
        self,
        db: Database,
        rulebook: Rulebook,
        clock: Clock,
        *,
        after_commit: Callable[[], None],
        reach: CrashPoint = crash_point,
    ) -> None:
        self._db = db
        self._rulebook = rulebook
        self._clock = clock
        self._after_commit = after_commit
        self._reach = reach
        self._roster: tuple[object, float] | None = None

    async def expire(self) -> int:
        """End offers whose time is over; two in a row set their specialist away. Nothing due costs one look."""
        async with self._db.connection() as connection:
            due = await assignments.expiring(connection, offset=self._db.offset, limit=LIMIT)
        if not due:
            return 0
        async with self._db.transaction() as tx:
            self._reach("timer.before_fire")
            locked = await cases.lock_free(tx, due)
            work = Casework(self._rulebook.rules, await self._db.now(tx), locked)
            for case in list(locked.values()):
                if case.live is not None and _expired(case.live, work):
                    work.expire(case)
            await writing.write(tx, work)
            self._reach("timer.in_transaction")
        self._reach("timer.after_fire")
        self._committed(work)
        return len(due)

    async def take_back(self) -> int:
        """Return cases to the queue whose specialist's shift is over, or who left the roster."""
        rules = self._rulebook.rules
        roster = list(rules.by_id) if self._settled(rules) else None
        async with self._db.transaction() as tx:
            due = await assignments.returning(tx, await self._db.now(tx), roster, LIMIT)
            if not due:
                return 0
            work = Casework(rules, await self._db.now(tx), await cases.lock_free(tx, due))
            for case in list(work.cases.values()):
                if case.live is not None:
                    _take_back(work, case, case.live, stranger=roster is not None)
            await writing.write(tx, work)
        self._committed(work)
        return len(due)

    def _settled(self, rules: object) -> bool:
        """Whether these rules have been in force for a while."""
        if self._roster is None or self._roster[0] is not rules:
            self._roster = (rules, self._clock.monotonic())
        return self._clock.monotonic() - self._roster[1] >= SETTLED_AFTER

    def _committed(self, work: Casework) -> None:
        if work.events:
            self._after_commit()


def _expired(live: Assignment, work: Casework) -> bool:
    return live.state is AssignmentState.OFFERED and live.expires_at is not None and live.expires_at <= work.now


def _take_back(work: Casework, case: CaseFile, live: Assignment, *, stranger: bool) -> None:
    """Back to the queue, or kept until the end of a shift that goes on."""
    shifts = work.rules.shifts_of(live.specialist)
    if shifts is None:
        if stranger:
            work.give_back(case, AssignmentState.RELEASED, NOT_ON_ROSTER)
        return
    if live.return_at is None or live.return_at > work.now:
        return
    if shifts.at(work.now) is None:
        work.give_back(case, AssignmentState.RELEASED, SHIFT_OVER)
    else:
        later = assignments_of.return_at(live.state, shifts, work.now)
        work.assignments[live.assignment_id] = replace(live, return_at=later)
