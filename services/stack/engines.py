"""PostgreSQL and Kafka of one stack as members of its supervisor, made ready for the services."""

import asyncio
import os
import signal
import subprocess
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

from services.stack import jars, postgres_home
from services.stack.faults import StackFault
from services.stack.histories import histories
from services.stack.kafka import Kafka
from services.stack.kafka import end_former as end_former_kafka
from services.stack.postgres import Postgres
from services.stack.progress import Step
from services.stack.state import DataDirectory, Kept
from services.stack.supervisor import Member
from shared.bus import topics
from shared.clock import Clock
from shared.db import Database
from shared.db.migrations import run_migrations
from shared.errors import Transient
from shared.settings import KafkaSettings

DATABASE = "tocsin"
LIMIT = 90.0
"""Seconds in which an engine must answer; a recovery after a kill takes less."""

GIVE_UP = 4
"""Ends in a row, during the start, after which a member is not waited for any longer."""


def postgres_of(directory: DataDirectory, kept: Kept) -> Postgres:
    """The server of a data directory."""
    account = postgres_home.account()
    return Postgres(
        home=directory.path / "postgres",
        port=kept.postgres_port,
        password=kept.postgres_password,
        programs=postgres_home.programs(account),
        account=account,
        log=directory.log("postgres"),
    )


def kafka_of(directory: DataDirectory, kept: Kept, paths: list[Path]) -> Kafka:
    """The broker of a data directory, on these jars."""
    return Kafka(
        home=kafka_home(directory),
        port=kept.kafka_port,
        controller_port=kept.controller_port,
        jars=paths,
        log=directory.log("kafka"),
    )


def kafka_home(directory: DataDirectory) -> Path:
    """Where the broker lies, with its log directory and properties."""
    return directory.path / "kafka"


def end_former(server: Postgres, directory: DataDirectory) -> None:
    """End both engines of an earlier start that was killed: they may hold their ports for some seconds yet."""
    end_former_kafka(kafka_home(directory))
    server.end_former()


def member_of(engine: Postgres | Kafka) -> Member:
    """The engine as a member: prepared in a thread, spawned by the main one."""

    async def start() -> "subprocess.Popen[bytes]":
        await asyncio.to_thread(engine.prepare)
        return engine.spawn()

    if isinstance(engine, Postgres):
        return Member("postgres", start, stop_signal=signal.SIGINT, stop_limit=60.0)
    return Member("kafka", start, stop_limit=30.0)


def jar_store(directory: DataDirectory) -> jars.JarStore:
    """The user's cache, or one in the data directory where there is no home to write to."""
    for cache in (jars.default_cache(), directory.path / "cache"):
        try:
            cache.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(cache, os.W_OK | os.X_OK):
            return jars.store_in(cache)
    raise StackFault(f"neither {jars.default_cache()} nor {directory.path} can be written; set XDG_CACHE_HOME")


async def fetch_jars(directory: DataDirectory, step: Step) -> list[Path]:
    """The jars, whole; fetched where they are not. Cancelled, it gives the fetching up."""
    given_up = threading.Event()

    def progress(done: int, total: int) -> None:
        if given_up.is_set():
            raise StackFault("fetching was given up")
        step.fetched(done, total)

    try:
        return await asyncio.to_thread(jar_store(directory).ensure, progress)
    finally:
        given_up.set()


async def make_schemas(server: Postgres, member: Member, clock: Clock) -> None:
    """Make the database where it is missing and bring its schemas up to date, once the server answers."""
    await patiently(lambda: _create_database(server), member, server.log, clock)
    await patiently(lambda: run_migrations(server.url(DATABASE), histories()), member, server.log, clock)


async def make_topics(broker: Kafka, member: Member, clock: Clock) -> None:
    """Create the topics that are missing, once the broker answers."""
    settings = KafkaSettings(bootstrap=broker.bootstrap, replication=1)
    await patiently(lambda: topics.apply(settings), member, broker.log, clock)


async def patiently(work: Callable[[], Awaitable[object]], member: Member, log: Path, clock: Clock) -> None:
    """Do `work` again while it raises `Transient`; `StackFault` when the member keeps ending or time is over."""
    give_up = clock.monotonic() + LIMIT
    while True:
        try:
            await work()
        except Transient as error:
            if member.failures >= GIVE_UP:
                raise StackFault(ended_again(member, log)) from None
            if clock.monotonic() > give_up:
                raise StackFault(f"{member.name} does not answer after {LIMIT:.0f} s ({error}); see {log}") from None
        else:
            return
        await clock.sleep(0.05)


def ended_again(member: Member, log: Path) -> str:
    """What to tell of a member that cannot live, with the last that it said."""
    try:
        said = log.read_text(encoding="utf-8", errors="replace").strip().rsplit("\n", 1)[-1]
    except OSError:
        said = ""
    return f"{member.name} ends again and again: {said[-300:]}\nIts whole log is {log}."


async def _create_database(server: Postgres) -> None:
    db = await Database.connect(server.url("postgres"), schema="public", min_size=0, max_size=1)
    try:
        async with db.connection() as connection:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await db.close()
