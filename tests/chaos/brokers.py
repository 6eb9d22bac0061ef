"""Kafka of the chaos rounds: one node, or three with replication 3 and two in sync.

Each node has a listener per service, advertised through the proxy, so that one service's link to one node can be cut
while everybody else's holds; the plain listener is the nodes' own and the checker's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.stack import jars, ports
from services.stack.kafka import STATIC_VOTERS, Kafka, new_cluster_id
from shared.contracts.vocabulary import ServiceName
from tests.chaos.proxy import LOOPBACK, Proxy

REPLICATED = {
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "controller.quorum.bootstrap.servers": "",
}


@dataclass(frozen=True)
class Brokers:
    """The nodes, and for each service where it finds them."""

    nodes: Sequence[Kafka]
    bootstraps: dict[ServiceName, str]

    @property
    def direct(self) -> str:
        """Past the proxy."""
        return ",".join(node.bootstrap for node in self.nodes)

    @property
    def replication(self) -> int:
        """Copies of each partition."""
        return len(self.nodes)


def link_name(service: ServiceName, node: int) -> str:
    """The proxy's link from a service to a node, counted from 1."""
    return f"{service} kafka.{node}"


def brokers(home: Path, count: int, proxy: Proxy) -> Brokers:
    """`count` nodes below `home`, neither formatted nor started; their links are open."""
    paths = jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None)
    own = [ports.choose(2 + len(ServiceName)) for _ in range(count)]
    voters = ",".join(f"{number}@{LOOPBACK}:{taken[1]}" for number, taken in enumerate(own, 1))
    cluster_id = new_cluster_id()
    nodes, bootstraps = [], {service: [] for service in ServiceName}  # type: ignore[var-annotated]
    for number, (port, controller, *listeners) in enumerate(own, 1):
        settings = {"node.id": str(number), **(REPLICATED | {STATIC_VOTERS: voters} if count > 1 else {})}
        advertised = {}
        for service, listener in zip(ServiceName, listeners, strict=True):
            advertised[service] = proxy.link(link_name(service, number), listener).port
            bootstraps[service].append(f"{LOOPBACK}:{advertised[service]}")
        settings |= _listening(port, controller, dict(zip(ServiceName, listeners, strict=True)), advertised)
        place = home / f"kafka.{number}"
        nodes.append(Kafka(place, port, controller, paths, home / f"kafka.{number}.log", settings, cluster_id))
    return Brokers(nodes, {service: ",".join(places) for service, places in bootstraps.items()})


def _listening(
    port: int, controller: int, listeners: dict[ServiceName, int], advertised: dict[ServiceName, int]
) -> dict[str, str]:
    """The properties of a node that listens plainly, as controller, and once for each service."""
    common = {"PLAINTEXT": port, "CONTROLLER": controller}
    names = {service: service.value.upper() for service in ServiceName}
    return {
        "listeners": _addresses(common | {names[s]: listeners[s] for s in ServiceName}),
        "advertised.listeners": _addresses(common | {names[s]: advertised[s] for s in ServiceName}),
        "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in [*common, *names.values()]),
        "inter.broker.listener.name": "PLAINTEXT",
    }


def _addresses(ports_of: dict[str, int]) -> str:
    return ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in ports_of.items())
