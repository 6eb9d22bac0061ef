"""What a start refuses before anything runs: ports that are taken."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.stack import plan, ports
from services.stack.faults import StackFault
from services.stack.state import DataDirectory, Kept


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port on which somebody listens."""
    port = ports.choose(1)[0]
    with socket.create_server((ports.LOOPBACK, port)):
        yield port


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataDirectory]:
    monkeypatch.setattr(plan, "ENDING", 0.0)
    directory = DataDirectory.open(tmp_path)
    yield directory
    directory.close()


def kept(kafka_port: int | None = None) -> Kept:
    """Free ports for the engines, but for the one given."""
    postgres, kafka, controller, receiver = ports.choose(4)
    return Kept(postgres, kafka_port or kafka, controller, receiver)


def test_a_taken_port_of_a_service_names_the_port_and_the_way_out(taken_port: int, directory: DataDirectory) -> None:
    with pytest.raises(StackFault, match=rf"port {taken_port} is taken(.|\n)*--base-port \d+"):
        plan.require_ports(taken_port - 1, kept(), directory)


def test_a_taken_port_of_an_engine_names_who_has_it(taken_port: int, directory: DataDirectory) -> None:
    with pytest.raises(StackFault, match=rf"port {taken_port} is taken .*Kafka's(.|\n)*--data-dir"):
        plan.require_ports(ports.choose(4, adjacent=True)[0], kept(kafka_port=taken_port), directory)


def test_free_ports_are_fine(directory: DataDirectory) -> None:
    plan.require_ports(ports.choose(4, adjacent=True)[0], kept(), directory)


def test_chosen_ports_are_free_different_and_below_those_of_outgoing_connections() -> None:
    chosen = ports.choose(8)
    assert len(set(chosen)) == 8
    assert all(map(ports.is_free, chosen))
    lowest_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert max(ports.RANGE) < lowest_outgoing


def test_adjacent_ports_are_in_a_row() -> None:
    chosen = ports.choose(4, adjacent=True)
    assert chosen == list(range(chosen[0], chosen[0] + 4))
