"""What people do here: accept and decline offers, say how they are present. Each in one transaction.

Emits assignment.accepted, assignment.declined and assignment.released.
"""

from collections.abc import Callable
from enum import StrEnum
from uuid import UUID

from services.router.assignment import Assignment
from services.router.casefile import CaseFile
from services.router.casework import Casework
from services.router.rulebook import Rulebook
from services.router.store import assignments, cases, specialists, writing
from shared.audit import Entry, record
from shared.contracts.events import Actor
from shared.contracts.vocabulary import AssignmentState, Presence
from shared.db import Database, Tx

OFFLINE = "offline"


class Refusal(StrEnum):
    """Why a command cannot be done."""

    UNKNOWN = "unknown"
    NOT_YOURS = "not_yours"
    ENDED = "ended"
    ACCEPTED = "accepted"


class Refused(Exception):
    """The command cannot be done, for `reason`."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Commands:
    """Runs commands inside the caller's transaction; call `committed` after it.

    `require_room` raises `Transient` while their events would find no room.
    """

    def __init__(
        self,
        db: Database,
        rulebook: Rulebook,
        *,
        committed: Callable[[], None],
        require_room: Callable[[], None] = lambda: None,
    ) -> None:
        self._db = db
        self._rulebook = rulebook
        self._require_room = require_room
        self.committed = committed

    async def accept(self, tx: Tx, assignment_id: UUID, *, actor: Actor, lead: bool) -> Assignment:
        """Take an offer on. A second time changes nothing; after the end it is refused."""
        work, case, asked = await self._at_hand(tx, assignment_id, actor=actor, lead=lead)
        if asked.state is AssignmentState.ACCEPTED:
            return asked
        if not _open(asked, work):
            raise Refused(Refusal.ENDED)
        work.accept(case, actor=actor, at=work.now)
        await writing.write(tx, work)
        await record(tx, [_entry(actor, "assignment.accept", asked)])
        return work.assignments[assignment_id]

    async def decline(self, tx: Tx, assignment_id: UUID, reason: str, *, actor: Actor, lead: bool) -> Assignment:
        """Refuse an offer. A second time changes nothing; what was accepted cannot be declined."""
        work, case, asked = await self._at_hand(tx, assignment_id, actor=actor, lead=lead)
        if asked.state is AssignmentState.DECLINED:
            return asked
        if asked.state is AssignmentState.ACCEPTED:
            raise Refused(Refusal.ACCEPTED)
        if not _open(asked, work):
            raise Refused(Refusal.ENDED)
        work.decline(case, reason, actor=actor)
        await writing.write(tx, work)
        await record(tx, [_entry(actor, "assignment.decline", asked)])
        return work.assignments[assignment_id]

    async def set_presence(self, specialist: str, presence: Presence, *, actor: Actor) -> None:
        """Say how somebody is present. Who goes offline lets go of every offer at once.

        The matcher may have offered once more while it was said; from then on it cannot, so a second look
        finds the last of them.
        """
        self._require_room()
        async with self._db.transaction() as tx:
            if presence is Presence.OFFLINE:
                await self._release_offers(tx, specialist)
            await specialists.set_presence(tx, specialist, presence, await self._db.now(tx))
            told = {"presence": presence.value}
            await record(tx, [Entry(actor, "presence.set", f"specialist {specialist}", told)])
        if presence is Presence.OFFLINE:
            async with self._db.transaction() as tx:
                await self._release_offers(tx, specialist)
        self.committed()

    async def _release_offers(self, tx: Tx, specialist: str) -> None:
        locked = await cases.lock(tx, await assignments.offered_to(tx, specialist))
        work = Casework(self._rulebook.rules, await self._db.now(tx), locked)
        for case in list(locked.values()):
            live = case.live
            if live is not None and live.specialist == specialist and live.state is AssignmentState.OFFERED:
                work.give_back(case, AssignmentState.RELEASED, OFFLINE)
        await writing.write(tx, work)

    async def _at_hand(
        self, tx: Tx, assignment_id: UUID, *, actor: Actor, lead: bool
    ) -> tuple[Casework, CaseFile, Assignment]:
        """The case, locked, and the assignment as it is under that lock."""
        self._require_room()
        case_id = await assignments.case_of(tx, assignment_id)
        if case_id is None:
            raise Refused(Refusal.UNKNOWN)
        locked = await cases.lock(tx, [case_id])
        asked = await assignments.one(tx, assignment_id)
        assert asked is not None
        if asked.specialist != actor.id and not lead:
            raise Refused(Refusal.NOT_YOURS)
        return Casework(self._rulebook.rules, await self._db.now(tx), locked), locked[case_id], asked


def _entry(actor: Actor, action: str, asked: Assignment) -> Entry:
    told = {"case_id": str(asked.case_id), "specialist": asked.specialist}
    return Entry(actor, action, f"assignment {asked.assignment_id}", told)


def _open(asked: Assignment, work: Casework) -> bool:
    """Whether the offer can still be answered, though its end may not have been swept up yet."""
    return asked.state is AssignmentState.OFFERED and (asked.expires_at is None or asked.expires_at > work.now)
