"""Events in: a batch of them, in order, inside the consumer's transaction.

Consumes tocsin.cases, tocsin.assignments and tocsin.clocks. What each type does is in `reactions`; here its
case is loaded before and saved, with attempts and events, after. What belongs to no case pages nobody.
"""

from collections.abc import Sequence

from services.notifier.case_pages import CasePages
from services.notifier.paging import Paging
from services.notifier.reactions import RAISING, react
from services.notifier.store import cases
from shared.bus.messages import Received
from shared.contracts.events import CaseBound
from shared.db import Tx


class Handlers:
    """Remembers what it changed until the consumer says that it is committed."""

    def __init__(self, paging: Paging) -> None:
        self._paging = paging
        self._uncommitted: list[CasePages] = []

    async def __call__(self, batch: Sequence[Received], tx: Tx) -> None:
        """Take a batch."""
        events = [received.event for received in batch if isinstance(received.event, CaseBound)]
        found = await cases.load(tx, {event.case_id: event.case_id for event in events})
        if not found:
            return
        desk = await self._paging.desk(tx, with_overrides=any(isinstance(event, RAISING) for event in events))
        for event in events:
            react(desk, found[event.case_id], event)
        await cases.save(tx, found.values(), desk.now)
        self._uncommitted += found.values()

    def committed(self) -> None:
        """The batch is committed."""
        changed, self._uncommitted = self._uncommitted, []
        self._paging.done(changed)
