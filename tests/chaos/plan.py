"""What happens in a round: which act strikes when, for how long, and with how many instances of each service.

Pure: a plan is a function of the act and the seed, so that a round can be repeated by itself.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.contracts.vocabulary import ServiceName

SINGLE, CLUSTER = 1, 3
"""Brokers that a round runs on."""

LENGTH = 12.0
"""Seconds in which the generator runs and acts begin."""

FIRST = 2.0
"""Seconds before the first strike: something must be under way."""

ENDS = ("kafka", "postgres", "pager")
LONG = ("outage", "rebalance")
"""Verbs that need their time even in a walk."""

WEATHER = ("cut", "delay", "silence", "deafen")


@dataclass(frozen=True)
class Act:
    """One way to break something. `least` instances of its service are there; `brokers` says which Kafka."""

    verb: str
    target: str
    brokers: int = SINGLE
    least: int = 1
    lasts: tuple[float, float] = (0.0, 0.0)
    """Seconds, from and to."""
    strikes: tuple[int, int] = (1, 1)
    """How often in a round, from and to."""

    @property
    def name(self) -> str:
        """As the table and `ACTS=` have it."""
        return f"{self.verb} {self.target}"


@dataclass(frozen=True)
class Strike:
    """One stroke of an act: `at` seconds from the start of the round, going on for `seconds`."""

    act: Act
    at: float
    seconds: float


@dataclass(frozen=True)
class Plan:
    """One round."""

    act: str
    seed: int
    brokers: int
    instances: Mapping[ServiceName, int]
    strikes: Sequence[Strike]

    @property
    def length(self) -> float:
        """Seconds until the last strike is over, the generator running all the while."""
        return max(LENGTH, *(strike.at + strike.seconds + 1.0 for strike in self.strikes))


def _acts() -> list[Act]:
    services = [service.value for service in ServiceName]
    return [
        *(Act("kill", service, strikes=(2, 3)) for service in services),
        *(Act("freeze", service, least=2, lasts=(2.0, 6.0), strikes=(1, 2)) for service in services),
        *(Act("restart", service, strikes=(2, 3)) for service in services),
        Act("rebalance", "services", lasts=(5.0, 9.0)),
        Act("kill", "kafka", strikes=(1, 2)),
        Act("freeze", "kafka", lasts=(2.0, 6.0)),
        Act("kill", "broker", brokers=CLUSTER, strikes=(1, 2)),
        Act("kill", "postgres", strikes=(1, 3)),
        Act("freeze", "postgres", lasts=(2.0, 6.0)),
        Act("kill", "stack"),
        *(Act(verb, end, lasts=(1.0, 5.0), strikes=(1, 2)) for verb in WEATHER for end in ENDS),
        Act("outage", "sla_monitor", lasts=(8.0, 10.0)),
        *(Act("clock", service, lasts=(3.0, 5.0)) for service in services),
    ]


ACTS: Mapping[str, Act] = {act.name: act for act in _acts()}
"""Every act, by name."""


def plan(name: str, seed: int) -> Plan:
    """The round of this act and seed."""
    act, chance = ACTS[name], random.Random(f"{name}/{seed}")
    instances = {service: chance.choice((1, 1, 2, 3)) for service in ServiceName}
    for service in ServiceName:
        if act.target == service:
            instances[service] = max(instances[service], act.least)
    return Plan(name, seed, act.brokers, instances, _strikes(act, chance))


def walk(names: Sequence[str], seed: int, *, pause: float) -> Plan:
    """One long round that goes through all these acts, `pause` seconds between one's end and the next."""
    chance = random.Random(seed)
    strikes, at = [], FIRST
    for act in (ACTS[name] for name in names):
        seconds = min(act.lasts[0], 2.0) if act.verb not in LONG else act.lasts[0]
        strikes.append(Strike(act, at, seconds))
        at += seconds + pause
    instances = {service: chance.choice((1, 2)) for service in ServiceName}
    return Plan("walk", seed, SINGLE, instances, strikes)


def spread(count: int, names: Sequence[str], seed: int) -> list[Plan]:
    """`count` rounds, as evenly over these acts as they go, those on the same Kafka in a row."""
    chosen = [names[number % len(names)] for number in range(count)]
    plans = [plan(name, seed + number) for number, name in enumerate(chosen)]
    return sorted(plans, key=lambda made: made.brokers)


def _strikes(act: Act, chance: random.Random) -> list[Strike]:
    """At random instants, never two at once."""
    number = chance.randint(*act.strikes)
    room = (LENGTH - FIRST) / number
    made = []
    for turn in range(number):
        seconds = min(chance.uniform(*act.lasts), room) if number > 1 else chance.uniform(*act.lasts)
        slack = max(0.0, min(room - seconds, 3.0))
        made.append(Strike(act, FIRST + turn * room + chance.uniform(0.0, slack), seconds))
    return made
