"""Breaks the running system as a plan says, heals it, and notes what it did and how soon things went on.

What dies is started again by the cluster's supervisor. Everything that is frozen, held, cut or shifted by a strike
is thawed, released, healed and put right before the strike is over.
"""

import asyncio
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from shared.contracts.vocabulary import ServiceName
from tests.chaos.cluster import Cluster, Instance
from tests.chaos.history import now
from tests.chaos.observed import Disturbance
from tests.chaos.plan import Plan, Strike
from tests.chaos.proxy import Mode
from tests.chaos.recovery import Figure, Probes, Timing
from tests.chaos.servers import POSTGRES

KILL, FREEZE, THAW, STOP = signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM
DELAY = 0.25
"""Seconds that each chunk takes on a delayed link."""

DUE_IN = 4.0
"""Seconds until the clocks of cases fall due that are resolved during an outage of sla_monitor."""

JUMP = 4.0
"""Seconds by which a clock jumps."""

SETTLE = 1.0


@dataclass
class Nemesis:
    """One round's. `on_time` are cases of which no page may ever tell."""

    cluster: Cluster
    probes: Probes
    plan: Plan
    disturbances: list[Disturbance] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    on_time: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.plan.seed)
        self._verbs: Mapping[str, Callable[[Strike], Awaitable[None]]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "rebalance": self._rebalance,
            "cut": lambda strike: self._weather(strike, Mode.CUT),
            "delay": lambda strike: self._weather(strike, Mode.PASS, DELAY),
            "silence": lambda strike: self._weather(strike, Mode.SILENT),
            "deafen": lambda strike: self._weather(strike, Mode.DEAF),
            "outage": self._outage,
            "clock": self._clock,
        }

    async def run(self) -> None:
        """Every strike at its time, one after the other."""
        began = time.monotonic()
        for strike in self.plan.strikes:
            await asyncio.sleep(max(0.0, strike.at - (time.monotonic() - began)))
            await self._verbs[strike.act.verb](strike)

    async def _kill(self, strike: Strike) -> None:
        if strike.act.target == "stack":
            await self._kill_stack(strike)
        elif (engine := self._engine(strike)) is not None:
            await self._kill_engine(strike, engine)
        else:
            await self._end(strike, KILL)

    async def _restart(self, strike: Strike) -> None:
        await self._end(strike, STOP)

    async def _end(self, strike: Strike, number: signal.Signals) -> None:
        """End one instance; the supervisor starts the next."""
        instance = self._one_of(strike)
        async with self._disturbing(strike):
            process, began = self.cluster.process(instance.name), time.monotonic()
            self.cluster.signal(number, instance.name)
            await asyncio.to_thread(process.wait)
            began = began if number is KILL else time.monotonic()
            await self._serving(strike, instance, began)

    async def _freeze(self, strike: Strike) -> None:
        engine = self._engine(strike)
        name = engine or self._one_of(strike).name
        async with self._disturbing(strike):
            self.cluster.signal(FREEZE, name)
            await asyncio.sleep(strike.seconds)
            self.cluster.signal(THAW, name)
        if engine:
            await self._flowing(strike, time.monotonic())
        else:
            await self._serving(strike, self.cluster.instances[name], time.monotonic())

    async def _kill_engine(self, strike: Strike, engine: str) -> None:
        async with self._disturbing(strike):
            process = self.cluster.process(engine)
            self.cluster.signal(KILL, engine)
            await asyncio.to_thread(process.wait)
            await self.cluster.back(engine)
        await self._flowing(strike, time.monotonic())

    async def _kill_stack(self, strike: Strike) -> None:
        """Everything at once; it is back when the engines are."""
        engines = [*self.cluster.nodes, POSTGRES]
        everything = [*self.cluster.instances, *engines]
        async with self._disturbing(strike):
            processes = [self.cluster.process(name) for name in everything]
            self.cluster.signal(KILL, *everything)
            for process in processes:
                await asyncio.to_thread(process.wait)
            await asyncio.gather(*map(self.cluster.back, engines))
        began = time.monotonic()
        await self.cluster.until_ready()
        await self._flowing(strike, began)

    async def _rebalance(self, strike: Strike) -> None:
        """Instances come and go, in the middle of batches, until time is over."""
        async with self._disturbing(strike):
            until = time.monotonic() + strike.seconds
            while time.monotonic() < until:
                service = self._chance.choice(list(ServiceName))
                present = self.cluster.of(service)
                if len(present) < 2 or (len(present) < 3 and self._chance.random() < 0.5):
                    await self.cluster.add(service)
                elif self._chance.random() < 0.5:
                    self.cluster.signal(KILL, self._chance.choice(present).name)
                else:
                    await self.cluster.remove(self._chance.choice(present))
                await asyncio.sleep(self._chance.uniform(0.2, 1.0))

    async def _weather(self, strike: Strike, mode: Mode, delay: float = 0.0) -> None:
        """Every service's link to one end, or one service's, behaves badly for a while."""
        services = self._chance.choice([list(ServiceName), [self._chance.choice(list(ServiceName))]])
        links = self.cluster.links(strike.act.target, services)
        async with self._disturbing(strike):
            self.cluster.proxy.become(links, mode, delay)
            await asyncio.sleep(strike.seconds)
            self.cluster.proxy.heal()

    async def _outage(self, strike: Strike) -> None:
        """A service stays away; meanwhile everything that falls due is resolved on time."""
        names = [instance.name for instance in self.cluster.of(ServiceName(strike.act.target))]
        async with self._disturbing(strike):
            self.cluster.hold(*names)
            self.cluster.signal(KILL, *names)
            began = time.monotonic()
            self.on_time += await asyncio.gather(*(self.probes.on_time(DUE_IN + n / 10) for n in range(10)))
            await asyncio.sleep(max(0.0, strike.seconds - (time.monotonic() - began)))
            self.cluster.release(*names)
        began = time.monotonic()
        await asyncio.gather(*(self._serving(strike, self.cluster.instances[name], began) for name in names))

    async def _clock(self, strike: Strike) -> None:
        """One instance's decisions are taken some seconds early or late for a while: started again with an offset.

        It shows that state made under a shifted clock does no harm to what others do with it. It cannot show a jump
        within a transaction, nor of PostgreSQL's own clock, which is the machine's.
        """
        instance = self._one_of(strike)
        async with self._disturbing(strike):
            instance.environment["TOCSIN_CLOCK_OFFSET"] = str(self._chance.choice((-JUMP, JUMP)))
            await self._again(instance)
            await asyncio.sleep(strike.seconds)
            instance.environment.clear()
            await self._again(instance)

    async def _again(self, instance: Instance) -> None:
        process = self.cluster.process(instance.name)
        self.cluster.signal(KILL, instance.name)
        await asyncio.to_thread(process.wait)
        await self.cluster.until_ready(instance)

    async def _serving(self, strike: Strike, instance: Instance, began: float) -> None:
        self._timed(strike, Figure.SERVING, await self.probes.serving(instance, began))

    async def _flowing(self, strike: Strike, began: float) -> None:
        self._timed(strike, Figure.FLOWING, await self.probes.flowing(began))

    def _timed(self, strike: Strike, figure: Figure, seconds: float) -> None:
        self.timings.append(Timing(strike.act.name, figure, seconds))

    def _engine(self, strike: Strike) -> str | None:
        """The engine that is meant, one of the brokers by chance; None for a service."""
        if strike.act.target == POSTGRES:
            return POSTGRES
        return self._chance.choice(self.cluster.nodes) if strike.act.target in ("kafka", "broker") else None

    def _one_of(self, strike: Strike) -> Instance:
        return self._chance.choice(self.cluster.of(ServiceName(strike.act.target)))

    @asynccontextmanager
    async def _disturbing(self, strike: Strike) -> AsyncIterator[None]:
        start = now()
        try:
            yield
        finally:
            what, act = strike.act.target, strike.act.verb
            self.disturbances.append(Disturbance(what=what, act=act, start=start, end=now()))
