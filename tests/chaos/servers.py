"""Servers of the chaos rounds from the outside: a durable PostgreSQL, and how one is asked, waited for, signalled."""

import asyncio
import os
import signal
from pathlib import Path

import asyncpg

from services.stack import ports, postgres_home
from services.stack.postgres import Postgres
from tests.chaos.proxy import LOOPBACK

POSTGRES = "postgres"


def postgres(home: Path) -> Postgres:
    """A server below `home` that keeps what it committed, neither made nor started."""
    account = postgres_home.account()
    return Postgres(
        home=home / POSTGRES,
        port=ports.choose(1)[0],
        password="tests",
        programs=postgres_home.programs(account),
        account=account,
        log=home / "postgres.log",
    )


async def accepts(port: int) -> bool:
    """Whether somebody answers there: a connection is taken and not closed at once."""
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    return True


def send(pid: int, number: signal.Signals) -> None:
    """Signal a process that may have ended."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


async def run_sql(url: str, statement: str) -> None:
    """One statement on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
