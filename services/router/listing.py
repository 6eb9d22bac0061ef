"""Lists that the API answers with: people, the queue, assignments, decisions, page by page."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from services.router.rulebook import Rulebook
from services.router.shapes import QueueItem, SpecialistView
from services.router.specialist import Status
from services.router.store import assignments, cases, decisions, specialists
from shared.config.roster import Specialist
from shared.contracts.views import AssignmentView, DecisionView
from shared.contracts.vocabulary import AssignmentState, Presence
from shared.db import Database
from shared.http.paging import Page, decode_cursor, encode_cursor
from shared.http.problems import not_found, not_yet_known, unprocessable

Item = TypeVar("Item")


class Lists:
    """Reads only."""

    def __init__(self, db: Database, rulebook: Rulebook) -> None:
        self._db = db
        self._rulebook = rulebook

    async def specialists(self, *, limit: int, cursor: str | None) -> Page[SpecialistView]:
        """The roster by id."""
        after = (decode_cursor(cursor, str) or [""])[0]
        everybody = sorted(self._rulebook.roster, key=lambda one: one.id)
        chosen = [one for one in everybody if one.id > after][: limit + 1]
        return _page(await self._seen(chosen), limit, lambda one: (one.id,))

    async def specialist(self, specialist_id: str) -> SpecialistView:
        """One of the roster, or 404."""
        for one in self._rulebook.roster:
            if one.id == specialist_id:
                return (await self._seen([one]))[0]
        raise not_found("The roster has no such specialist.")

    async def queue(
        self, *, policy_area: str | None, language: str | None, region: str | None, limit: int, cursor: str | None
    ) -> Page[QueueItem]:
        """What waits, longest first."""
        async with self._db.connection() as connection:
            rows = await cases.queue(
                connection,
                policy_area=policy_area,
                language=language,
                region=region,
                after=_place(cursor),
                limit=limit + 1,
            )
        items = [QueueItem.model_validate(row) for row in rows]
        return _page(items, limit, lambda one: (one.since, one.case_id))

    async def assignments(
        self,
        *,
        specialist: str | None,
        case_id: UUID | None,
        state: AssignmentState | None,
        limit: int,
        cursor: str | None,
    ) -> Page[AssignmentView]:
        """Assignments, newest first."""
        async with self._db.connection() as connection:
            found = await assignments.listed(
                connection,
                specialist=specialist,
                case_id=case_id,
                state=state,
                before=_place(cursor),
                limit=limit + 1,
            )
        return _page([one.view() for one in found], limit, lambda one: (one.offered_at, one.assignment_id))

    async def decisions(self, case_id: UUID, *, limit: int, cursor: str | None) -> Page[DecisionView]:
        """Decisions about a case, newest first; 404 until intake was heard of it."""
        before = _place(cursor)
        async with self._db.connection() as connection:
            if not await cases.is_known(connection, case_id):
                raise not_yet_known()
            found = await decisions.of_case(connection, case_id, before=before, limit=limit + 1)
        return _page(found, limit, lambda one: (one.decided_at, one.decision_id))

    async def _seen(self, chosen: Sequence[Specialist]) -> list[SpecialistView]:
        async with self._db.connection() as connection:
            statuses = await specialists.statuses(connection)
            now = await self._db.now(connection)
        board = self._rulebook.desk.board
        return [_view(one, statuses.get(one.id), on_shift=board.of(one.id, now)[0] is not None) for one in chosen]


def _view(configured: Specialist, status: Status | None, *, on_shift: bool) -> SpecialistView:
    unsaid = Presence.AVAILABLE if on_shift else Presence.OFFLINE
    return SpecialistView(
        id=configured.id,
        name=configured.name,
        languages=dict(configured.languages),
        regions=configured.regions,
        policy_areas=configured.policy_areas,
        certifications=configured.certifications,
        capacity=configured.capacity,
        load=status.load if status else 0,
        presence=(status.presence if status else None) or unsaid,
        on_shift=on_shift,
    )


def _page(found: Sequence[Item], limit: int, place: Callable[[Item], tuple[Any, ...]]) -> Page[Item]:
    """One page of what was asked for with one item more than fits."""
    items = list(found[:limit])
    return Page(items=items, next_cursor=encode_cursor(*place(items[-1])) if len(found) > limit else None)


def _place(cursor: str | None) -> tuple[datetime, UUID] | None:
    position = decode_cursor(cursor, str, str)
    if position is None:
        return None
    try:
        return datetime.fromisoformat(position[0]).astimezone(UTC), UUID(position[1])
    except (ValueError, OverflowError):
        raise unprocessable(("query", "cursor"), "This is no cursor of this list; take next_cursor as given.") from None
