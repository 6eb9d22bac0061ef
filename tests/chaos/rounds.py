"""A round: fresh database and topics, load, the plan's strikes, quiet, a check."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, is_dataclass
from pathlib import Path
from typing import Any

from tests.chaos import ledger, provider, world
from tests.chaos.calling import Callers
from tests.chaos.checker import check
from tests.chaos.cluster import Cluster, pager_through
from tests.chaos.generator import Generator
from tests.chaos.history import Log
from tests.chaos.looking import observe, stamp_at_append
from tests.chaos.nemesis import Nemesis
from tests.chaos.observed import Observed
from tests.chaos.plan import Plan
from tests.chaos.proxy import Proxy, running_proxy
from tests.chaos.recovery import PROBER, Probes, Timing, paging_times, with_prober
from tests.chaos.verdict import Verdict
from tests.support.config_dir import key, write
from tests.support.pager import Pager, running_pager

RATE = 8.0
"""Moves of the generator each second."""

OWN_DUE = frozenset({"kill", "restart", "rebalance"})
"""Acts after which a page counts from its due time, whoever was dead then; after others from their end."""


@dataclass(frozen=True)
class Outcome:
    """What a round came to. `unasked`: pages about cases that had been resolved before anything was due.

    `broken`: why the round itself did not come to its end (something never became ready).
    """

    plan: Plan
    seconds: float
    verdict: Verdict = field(default_factory=lambda: Verdict.of({}, reported={}, activity={}))
    timings: list[Timing] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    broken: str = ""

    @property
    def figures(self) -> dict[str, int]:
        """Everything that must be zero, by name."""
        own = {
            "page for a case resolved on time": len(self.unasked),
            "round not ended": int(bool(self.broken)),
            "kind of thing that never happened": 0 if self.broken else len(self.verdict.missing),
        }
        return self.verdict.figures | own

    @property
    def clean(self) -> bool:
        """Nothing is other than zero."""
        return not any(self.figures.values())


@dataclass(frozen=True)
class Ground:
    """Running engines with a proxy, a pager and a configuration, on which rounds are played one after the other."""

    cluster: Cluster
    proxy: Proxy
    pager: Pager
    config: dict[str, Any]

    async def play(self, plan: Plan) -> Outcome:
        """One round, from nothing to its verdict."""
        began = time.monotonic()
        name = f"{plan.act.replace(' ', '-')}-{plan.seed}"
        self.pager.notifications.clear()
        self.pager.busy = provider.busy(plan.seed)
        await self.cluster.begin(name)
        try:
            await stamp_at_append(self.cluster.kafka)
            await ledger.install(self.cluster.database_url)
            await self.cluster.populate(plan.instances)
            return await self._play(plan, self.cluster.home / f"{name}-{time.time():.0f}.ndjson", began)
        finally:
            self.proxy.heal()
            await self.cluster.end()

    async def _play(self, plan: Plan, path: Path, began: float) -> Outcome:
        keys = world.KEYS | {PROBER: key(PROBER)}
        urls = {service: [i.url for i in self.cluster.of(service)] for service in plan.instances}
        with Log(path) as log:
            callers = Callers(urls, keys, log)
            nemesis = Nemesis(self.cluster, Probes(self.cluster, callers, self.pager), plan)
            generator = Generator(urls, keys, seed=plan.seed, rate=RATE, log=log, pager=self.pager)
            await _under_load(generator, nemesis, plan.length)
            self.pager.busy = provider.never
            await callers.close()
        await self.cluster.until_ready()
        observed = await observe(
            self.cluster.database_url,
            self.cluster.kafka,
            pager=self.pager,
            log=path,
            config=self.config,
            disturbances=nemesis.disturbances,
        )
        paged = {notification.page.get("case_id") for notification in self.pager.notifications}
        unasked = [case for case in nemesis.on_time if case in paged]
        verdict = check(observed)
        if verdict.broken:
            _keep(observed, path.with_suffix(".observed.json"))
        return Outcome(plan, time.monotonic() - began, verdict, self._timings(plan, nemesis), unasked)

    def _timings(self, plan: Plan, nemesis: Nemesis) -> list[Timing]:
        from_end = plan.act.split(" ")[0] not in OWN_DUE or plan.act.split(" ")[-1] in ("kafka", "postgres", "stack")
        pages = [notification for notification in self.pager.notifications if notification.type == "page.triggered"]
        return nemesis.timings + paging_times(plan.act, pages, nemesis.disturbances, from_end=from_end)


@asynccontextmanager
async def ground(home: Path, brokers: int, tell: Callable[[str], None]) -> AsyncIterator[Ground]:
    """Engines below `home`, started; they end with the block."""
    await asyncio.to_thread(home.mkdir, parents=True)
    with running_pager() as pager, running_proxy() as proxy:
        config = world.configuration(pager_url=pager_through(proxy, pager.url))
        with_prober(config)
        cluster = Cluster(home, write(home / "config", config), proxy, nodes=brokers, tell=tell)
        try:
            await cluster.start()
            yield Ground(cluster, proxy, pager, config)
        finally:
            await cluster.stop()


def _keep(observed: Observed, path: Path) -> None:
    """What was judged, for whoever looks for the cause: the database and the topics go with the round."""
    path.write_text(json.dumps(observed, default=_plain), encoding="utf-8")


def _plain(value: Any) -> Any:
    return vars(value) if is_dataclass(value) else str(value)


async def _under_load(generator: Generator, nemesis: Nemesis, length: float) -> None:
    """Run both; load goes on until the last strike is over and `length` seconds have passed."""
    stop = asyncio.Event()
    load = asyncio.create_task(generator.run_until(stop), name="load")
    try:
        await asyncio.gather(nemesis.run(), asyncio.sleep(length))
    finally:
        stop.set()
        await load
