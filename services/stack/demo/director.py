"""Plays the story: posts, lets the people work, acknowledges pages, until every case came to its end.

One loop looks and decides (`plan`, pure); each step is a task of its own with patience for whatever is down. Every
call carries an idempotency key made of run, case and step, so that nothing is done twice after a restart.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from services.client.caller import Caller, CallFailed
from services.stack.demo.cast import Keys
from services.stack.demo.desk import come_back
from services.stack.demo.plan import Past, Seen, Step, Verb, next_step
from services.stack.demo.progress import Posted, Progress
from services.stack.demo.scripts import Part, Scripted
from services.stack.demo.world import World
from shared.contracts.vocabulary import PageState, ServiceName

PACE = 0.2
TICK = 0.3
REFUSALS = 5
BACK = "presence"
BACK_EVERY = 2.0
QUIET = timedelta(seconds=5)
SETTLING = timedelta(seconds=15)
PAGE_ON_SCREEN = timedelta(seconds=2.5)
LOUD = ("page.triggered", "page.updated", "page.escalated")


@dataclass
class Director:
    """One run of the story. `show` is called after every look."""

    story: Sequence[Scripted]
    lead: Caller
    keys: Keys
    world: World
    progress: Progress
    data_dir: Path
    show: Callable[["Director"], None]
    refused: dict[str, str] = field(default_factory=dict)
    _busy: set[str] = field(default_factory=set)
    _refusals: dict[str, int] = field(default_factory=dict)
    _quiet_since: datetime | None = None

    async def play(self, limit: timedelta) -> bool:
        """Run until everything came to its end (true) or `limit` is over (false)."""
        give_up = self.lead.clock.now() + limit
        async with asyncio.TaskGroup() as tasks:
            started = [tasks.create_task(self._post_all())]
            while not self._over() and self.lead.clock.now() < give_up:
                await self.world.look()
                started += [tasks.create_task(work) for work in self._steps()]
                self.show(self)
                await self.lead.clock.sleep(TICK)
            for task in started:
                task.cancel()
        return self._over()

    def cases(self) -> Iterator[tuple[Scripted, Posted, Seen]]:
        """Each posted escalation with a case of its own, as last seen."""
        for script in self.story:
            posted = self.progress.posted.get(script.key)
            seen = self.world.seen.get(posted.case_id) if posted else None
            if posted is not None and seen is not None and script.part not in (Part.GROUPED, Part.DUPLICATE):
                yield script, posted, seen

    async def _post_all(self) -> None:
        for script in self.story:
            if script.key not in self.progress.posted and script.key not in self.refused:
                await self._post(script)
                await self.lead.clock.sleep(PACE)

    async def _post(self, script: Scripted) -> None:
        caller = self.lead.speaking_as(self.keys.of(script.source))
        sent_at = self.lead.clock.now()
        body = script.body(self.progress.run, self.progress.began)
        key = f"{self.progress.run}-post-{script.key}"
        try:
            answer = await caller.post(ServiceName.INTAKE, "/v1/escalations", body, key=key)
        except CallFailed as error:
            self.refused[script.key] = str(error)
            return
        self.progress.posted[script.key] = Posted(
            case_id=UUID(answer.body["case_id"]), status=answer.body["status"], sent_at=sent_at
        )
        self.progress.save(self.data_dir)

    def _steps(self) -> Iterator[Coroutine[Any, Any, None]]:
        """What is to be done now and not yet under way."""
        now = self.lead.clock.now()
        for script, posted, seen in self.cases():
            step = next_step(script, seen, self._past(script.key), now, posted.sent_at)
            if step is not None and self._claim(script.key):
                yield self._perform(script.key, posted.case_id, step)
        if any(seen.waits for _, _, seen in self.cases()) and self._claim(BACK):
            yield self._call_back()
        for page_id, link in self._links(now):
            if self._claim(page_id):
                yield self._acknowledge_page(page_id, link)

    def _past(self, key: str) -> Past:
        mine = f"{key}:"
        return Past({name.removeprefix(mine): at for name, at in self.progress.done.items() if name.startswith(mine)})

    def _claim(self, name: str) -> bool:
        """Whether `name` is free to be worked on: nobody is at it, and it was not refused again and again."""
        if name in self._busy or self._refusals.get(name, 0) >= REFUSALS:
            return False
        self._busy.add(name)
        return True

    async def _perform(self, key: str, case_id: UUID, step: Step) -> None:
        await self.lead.clock.sleep(_thinking(key, step))
        caller = self.lead.speaking_as(self.keys.of(step.by))
        try:
            await caller.post(*_address(case_id, step), dict(step.body), key=f"{self.progress.run}-{key}-{step.name}")
        except CallFailed as error:
            self._refusals[key] = self._refusals.get(key, 0) + 1
            if self._refusals[key] >= REFUSALS:
                self.refused[key] = f"{step.verb}: {error}"
        else:
            self._refusals.pop(key, None)
            self._done(f"{key}:{step.name}")
        finally:
            await self.lead.clock.sleep(TICK)
            self._busy.discard(key)

    async def _call_back(self) -> None:
        await come_back(self.world.lead, self.keys)
        await self.lead.clock.sleep(BACK_EVERY)
        self._busy.discard(BACK)

    def _links(self, now: datetime) -> Iterator[tuple[str, str]]:
        """Pages at the receiver that nobody acknowledged yet and that have been seen for a moment."""
        states = {str(page.page_id): page.state for seen in self.world.seen.values() for page in seen.pages}
        for delivery in self.world.deliveries:
            page_id, link = delivery.get("page_id"), delivery.get("ack_url")
            due = datetime.fromisoformat(delivery["received_at"]) + PAGE_ON_SCREEN < now
            open_ = states.get(str(page_id)) in (PageState.TRIGGERED, PageState.EXHAUSTED)
            if due and link and open_ and delivery["type"] in LOUD and f"page:{page_id}" not in self.progress.done:
                yield str(page_id), str(link)

    async def _acknowledge_page(self, page_id: str, link: str) -> None:
        """Follow the link in the page as its receiver would, until it was taken."""
        try:
            response = await self.lead.client.post(link)
            if response.is_success:
                self._done(f"page:{page_id}")
        except httpx.HTTPError:
            await self.lead.clock.sleep(TICK)
        finally:
            self._busy.discard(page_id)

    def _done(self, name: str) -> None:
        self.progress.done[name] = self.lead.clock.now()
        self.progress.save(self.data_dir)

    def _over(self) -> bool:
        """Everything was posted and every case is resolved, or waits for people who are not there today."""
        settled = {script.key for script in self.story if script.key in self.progress.posted} | self.refused.keys()
        seen = list(self.cases())
        posted = sum(script.part not in (Part.GROUPED, Part.DUPLICATE) for script in self.story)
        if len(settled) < len(self.story) or len(seen) + len(self.refused) < posted:
            return False
        now = self.lead.clock.now()
        ended = {script.key for script, _, view in seen if _at_its_end(view, now)} | self.refused.keys()
        open_ = [(script, view) for script, _, view in seen if script.key not in ended]
        if not open_:
            return True
        if not all(view.waits and script.part is not Part.UNHEARD for script, view in open_):
            self._quiet_since = None
            return False
        self._quiet_since = self._quiet_since or now
        return now - self._quiet_since > QUIET


def _at_its_end(seen: Seen, now: datetime) -> bool:
    """Resolved, with its clocks stopped and its pages closed; those are not waited for without end."""
    resolved_at = seen.case.resolved_at
    return resolved_at is not None and (seen.at_rest or now - resolved_at > SETTLING)


def _thinking(key: str, step: Step) -> float:
    """Seconds that a person takes for a step: the same for the same case and step."""
    return random.Random(f"{key}{step.verb}").uniform(0.4, 1.4)


def _address(case_id: UUID, step: Step) -> tuple[ServiceName, str]:
    if step.assignment is not None and step.verb in (Verb.ACCEPT, Verb.DECLINE):
        return ServiceName.ROUTER, f"/v1/assignments/{step.assignment.assignment_id}/{step.verb}"
    return ServiceName.INTAKE, f"/v1/cases/{case_id}/{step.verb}"
