"""Load with a memory: posts escalations, commands cases, answers offers, acknowledges pages; logs all it did.

Seeded: the same seed draws the same kinds of calls. What services answer, and when, is theirs. It goes on whatever
is down; a call without an outcome is sent again with its Idempotency-Key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from tests.chaos import drawing, world
from tests.chaos.calling import Callers, Request, Urls
from tests.chaos.drawing import Drawn
from tests.chaos.history import Call, Kind, Log, now
from tests.support.pager import Notification, Pager

IN_FLIGHT = 48
"""How many calls may be under way at once; more wait, so that an outage does not pile them up."""

CROWD = 3
"""Cases that somebody claims at once, and that are new for them at the same time."""

REMEMBERED = 60
"""How many cases it goes on working on."""


class Generator:
    """`urls` per service (one, or all its instances), `keys` per principal, `rate` moves a second.

    With a `pager`, pages that arrived there are acknowledged, by link and by key.
    """

    def __init__(
        self, urls: Urls, keys: Mapping[str, str], *, seed: int, rate: float, log: Log, pager: Pager | None = None
    ) -> None:
        self._callers = Callers(urls, keys, log)
        self._rng = Random(seed)
        self._rate = rate
        self._pager = pager
        self._run = uuid4().hex[:8]
        self._drawn = 0
        self._status: dict[str, str] = {}
        self._proposed: dict[str, str] = {}
        self._room = asyncio.Semaphore(IN_FLIGHT)
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []

    async def run_until(self, stop: asyncio.Event) -> None:
        """Make `rate` moves a second until `stop` is set; then wait until what is under way has its outcome."""
        try:
            await self._room.acquire()
            self._start(self._leave_alone)
            while not stop.is_set():
                await self._room.acquire()
                self._start(self._move())
                await _pause(stop, self._rng.expovariate(self._rate))
            await self._drained()
        finally:
            for task in self._tasks:
                task.cancel()
            await self._callers.close()

    def _start(self, move: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(self._in_room(move))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            self._failures.append(failure)

    async def _in_room(self, move: Callable[[], Awaitable[None]]) -> None:
        try:
            await move()
        finally:
            self._room.release()

    async def _drained(self) -> None:
        while self._tasks:
            await asyncio.wait(set(self._tasks))
        if self._failures:
            raise self._failures[0]

    def _move(self) -> Callable[[], Awaitable[None]]:
        moves = {
            self._escalate: 33,
            self._command: 33,
            self._answer_offer: 17,
            self._be_there: 4,
            self._acknowledge_page: 8,
            self._claim_together: 5,
        }
        return self._rng.choices(list(moves), weights=list(moves.values()))[0]

    async def _escalate(self) -> None:
        self._drawn += 1
        await self._report(drawing.escalation(self._rng, f"{self._run}-{self._drawn}", now()))

    async def _leave_alone(self) -> None:
        """One that nobody will work on: every round has a breach, whatever chance draws."""
        self._drawn += 1
        await self._post(drawing.left_alone(self._rng, f"{self._run}-{self._drawn}", now()))

    async def _report(self, drawn: Drawn) -> None:
        call = await self._post(drawn)
        if call.taken:
            self._remember(str(call.answer["case_id"]), "open")
            await self._follow_up(drawn, str(call.answer["case_id"]))

    async def _post(self, drawn: Drawn) -> Call:
        return await self._callers.settle(
            Request(
                kind=Kind.ESCALATION,
                name="escalation",
                service="intake",
                path="/v1/escalations",
                principal=drawn.source,
                body=drawn.body,
                key=self._key(),
                external_id=drawn.body["external_id"],
            )
        )

    async def _follow_up(self, drawn: Drawn, case_id: str) -> None:
        """In time, or late and dated back to before the clock fell due."""
        if drawn.then == "dated back" and drawn.due is not None:
            await asyncio.sleep(max(0.0, (drawn.due - now()).total_seconds()) + 1.0)
            before = {"occurred_at": (drawn.due - timedelta(milliseconds=500)).isoformat()}
            await self._send(case_id, "acknowledge", before)
        elif drawn.then == "in time":
            await self._send(case_id, "acknowledge", {})
        elif drawn.then == "act":
            await self._send(case_id, "act", drawing.remove())

    async def _command(self) -> None:
        if not self._status:
            return
        case_id = self._rng.choice(list(self._status))
        if case_id in self._proposed:
            await self._confirm(case_id)
            return
        if self._rng.random() < 0.03:
            await self._propose(case_id)
            return
        name, body = drawing.command(self._rng, self._status[case_id], now())
        await self._send(case_id, name, body)

    async def _claim_together(self) -> None:
        """Somebody takes on several cases at the very moment at which the matcher has new ones to offer them."""
        who = self._rng.choice(list(world.SPECIALISTS))
        waiting = [case_id for case_id, status in self._status.items() if status == "open"][-CROWD:]
        claims = [self._send(case_id, "acknowledge", {}, who=who) for case_id in waiting]
        self._drawn += CROWD
        new = [drawing.for_one(self._rng, f"{self._run}-{self._drawn}-{n}", who) for n in range(CROWD)]
        await asyncio.gather(*claims, *map(self._report, new))

    async def _propose(self, case_id: str) -> None:
        suspend = {"action": "suspend", "scope": "global", "reason": "again and again"}
        call = await self._send(case_id, "act", suspend, who="ana")
        action = (call.answer.get("actions") or [{}])[-1]
        if call.taken and action.get("state") == "proposed":
            self._proposed[case_id] = str(action["action_id"])

    async def _confirm(self, case_id: str) -> None:
        confirms = self._proposed.pop(case_id)
        body = {"action": "suspend", "scope": "global", "reason": "agreed", "confirms": confirms}
        await self._send(case_id, "act", body, who=world.LEAD)

    async def _send(self, case_id: str, name: str, body: dict[str, Any], who: str | None = None) -> Call:
        call = await self._callers.settle(
            Request(
                kind=Kind.COMMAND,
                name=name,
                service="intake",
                path=f"/v1/cases/{case_id}/{name}",
                principal=who or self._commander(),
                body=body,
                key=self._key(),
                subject=case_id,
            )
        )
        if call.taken:
            self._remember(case_id, str(call.answer["status"]))
        return call

    def _commander(self) -> str:
        """The lead as often as all specialists together: whom a specialist's acknowledgement claims, nobody offers."""
        return world.LEAD if self._rng.random() < 0.5 else self._rng.choice(list(world.SPECIALISTS))

    async def _answer_offer(self) -> None:
        offers = await self._callers.items("router", "/v1/assignments", world.LEAD, state="offered", limit=50)
        if not offers:
            return
        offer = self._rng.choice(offers)
        accept = self._rng.random() < 0.75
        await self._callers.settle(
            Request(
                kind=Kind.ACCEPT if accept else Kind.DECLINE,
                name="accept" if accept else "decline",
                service="router",
                path=f"/v1/assignments/{offer['assignment_id']}/{'accept' if accept else 'decline'}",
                principal=offer["specialist"],
                body={} if accept else {"reason": "not mine"},
                key=self._key(),
                subject=offer["assignment_id"],
            )
        )

    async def _be_there(self) -> None:
        who = self._rng.choice(list(world.SPECIALISTS))
        state = self._rng.choices(("available", "away", "offline"), weights=(80, 15, 5))[0]
        await self._callers.settle(
            Request(
                kind=Kind.PRESENCE,
                name=state,
                service="router",
                path=f"/v1/specialists/{who}/presence",
                principal=who,
                body={"state": state},
                subject=who,
                method="PUT",
            )
        )

    async def _acknowledge_page(self) -> None:
        """One that called somebody, or one of which nobody may have heard yet: its calls must not leave any more."""
        arrived = [n for n in (self._pager.notifications if self._pager else []) if n.type in _CALLING][-20:]
        refused = [n for n in arrived if n.status >= 300][-1:]
        draw = self._rng.random()
        if draw < 0.25:
            await self._acknowledge_unheard()
        elif arrived:
            await self._acknowledge_heard(self._rng.choice(refused if refused and draw < 0.6 else arrived))

    async def _acknowledge_unheard(self) -> None:
        triggered = await self._callers.items("notifier", "/v1/pages", world.LEAD, state="triggered", limit=20)
        own = [page for page in triggered if page["case_id"] in self._status]
        if own:
            page_id = str(self._rng.choice(own)["page_id"])
            await self._acknowledge(page_id, f"/v1/pages/{page_id}/acknowledge", world.LEAD, "key")

    async def _acknowledge_heard(self, notification: Notification) -> None:
        page_id = str(notification.page["page_id"])
        if self._rng.random() < 0.5 and notification.responder:
            await self._acknowledge(page_id, urlsplit(notification.ack_url).path, notification.responder, "link")
        else:
            await self._acknowledge(page_id, f"/v1/pages/{page_id}/acknowledge", world.LEAD, "key")

    async def _acknowledge(self, page_id: str, path: str, who: str, name: str) -> None:
        await self._callers.settle(
            Request(
                kind=Kind.PAGE_ACK,
                name=name,
                service="notifier",
                path=path,
                principal=who,
                body={},
                key=self._key(),
                subject=page_id,
            )
        )

    def _remember(self, case_id: str, status: str) -> None:
        self._status.pop(case_id, None)
        self._status[case_id] = status
        while len(self._status) > REMEMBERED:
            del self._status[next(iter(self._status))]

    def _key(self) -> str:
        return str(UUID(int=self._rng.getrandbits(128), version=4)) + self._run


_CALLING = ("page.triggered", "page.escalated")


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
