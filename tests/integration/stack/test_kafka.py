"""An own Apache Kafka: formatted once, killed, recovered, and alone in its directory."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.stack import children, jars, ports
from services.stack.children import left_in
from services.stack.faults import StackFault
from services.stack.kafka import Kafka
from shared.bus import kafka, topics
from shared.contracts.vocabulary import Topic
from shared.errors import Transient
from shared.settings import KafkaSettings
from tests.support.waiting import wait_until

START_AND_WAIT = """
import sys, time
from pathlib import Path
from services.stack import jars
from services.stack.kafka import Kafka
home = Path(sys.argv[1])
broker = Kafka(home, int(sys.argv[2]), int(sys.argv[3]), jars.store_in(jars.default_cache()).paths, home / "kafka.log")
print(broker.spawn().pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def broker(tmp_path: Path) -> Kafka:
    port, controller_port = ports.choose(2)
    paths = jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None)
    return Kafka(tmp_path / "home", port, controller_port, paths, tmp_path / "kafka.log")


@contextmanager
def running(broker: Kafka) -> Iterator["subprocess.Popen[bytes]"]:
    broker.prepare()
    process = broker.spawn()
    try:
        yield process
    finally:
        children.stop(process, signal.SIGTERM, limit=20)


async def apply_topics(broker: Kafka) -> list[str]:
    async def attempt() -> tuple[list[str]] | None:
        try:
            return (await topics.apply(KafkaSettings(bootstrap=broker.bootstrap, replication=1)),)
        except Transient:
            return None

    applied = await wait_until(attempt, 40, what="Kafka answers", pause=0.1)
    assert applied is not None
    return applied[0]


async def send(broker: Kafka) -> int:
    """Sends one event; its offset."""
    producer = kafka.producer(KafkaSettings(bootstrap=broker.bootstrap))
    await producer.start()
    try:
        return int((await producer.send_and_wait(Topic.CASES, b"{}", key=b"one")).offset)
    finally:
        await producer.stop()


async def test_events_survive_a_kill_and_a_clean_stop(broker: Kafka) -> None:
    with running(broker) as process:
        assert len(await apply_topics(broker)) == len(Topic)
        assert await send(broker) == 0
        process.kill()
        process.wait()
    with running(broker):
        assert await apply_topics(broker) == []
        assert await send(broker) == 1
    with running(broker):
        assert await apply_topics(broker) == []
        assert await send(broker) == 2


def leave_frozen(broker: Kafka) -> None:
    """Start it under a parent that is killed, frozen so that it cannot end by itself."""
    arguments = [str(broker.home), str(broker.port), str(broker.controller_port)]
    with subprocess.Popen([sys.executable, "-c", START_AND_WAIT, *arguments], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        os.kill(int(parent.stdout.readline()), signal.SIGSTOP)
        parent.kill()


async def test_a_broker_that_an_earlier_start_left_behind_is_ended_first(broker: Kafka) -> None:
    broker.prepare()
    leave_frozen(broker)
    with running(broker) as process:
        await apply_topics(broker)
        assert left_in(broker.home) == [process.pid]


def test_a_half_formatted_directory_is_formatted_anew(broker: Kafka) -> None:
    (broker.home / "data.new").mkdir(parents=True)
    broker.prepare()
    assert (broker.data / "meta.properties").exists()
    assert not (broker.home / "data.new").exists()


def test_a_format_that_fails_says_why(broker: Kafka) -> None:
    broken = Kafka(broker.home, broker.port, broker.controller_port, broker.jars[:1], broker.log)
    with pytest.raises(StackFault, match=r"Kafka could not make .*data"):
        broken.prepare()
    assert not broker.data.exists()
