"""A PostgreSQL that says nothing is noticed: what waits for it fails, what comes fails at once; then all is well."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from shared.clock import SystemClock
from shared.db import Database
from shared.db.watch import Watch
from shared.errors import Transient
from tests.support.killable import Engine, killable_postgres
from tests.support.waiting import wait_until

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, str]]:
    with killable_postgres(tmp_path_factory.mktemp("watched")) as server:
        yield server


@pytest.fixture
async def db(server: tuple[Engine, str]) -> AsyncIterator[Database]:
    db = await Database.connect(server[1], schema="public")
    await wait_until(lambda: answers(db), 30, what="PostgreSQL answers")
    yield db
    await db.close()


@pytest.fixture
async def watch(db: Database) -> AsyncIterator[Watch]:
    watch = Watch(db, SystemClock())
    await watch.start()
    await wait_until(lambda: watch.check().ok, what="the watch")
    yield watch
    await watch.stop()


async def answers(db: Database) -> bool:
    try:
        await db.ping()
    except Transient:
        return False
    return True


async def test_what_waits_for_a_silent_server_fails_long_before_its_time_out(
    server: tuple[Engine, str], db: Database, watch: Watch
) -> None:
    holding = asyncio.Event()

    async def ask() -> None:
        async with db.transaction() as tx:
            holding.set()
            await frozen.wait()
            await tx.fetchval("SELECT 1")

    frozen = asyncio.Event()
    waiting = [asyncio.create_task(ask()) for _ in range(3)]
    await holding.wait()
    server[0].freeze()
    try:
        frozen.set()
        async with asyncio.timeout(9):  # the statement's own time-out is ten seconds
            results = await asyncio.gather(*waiting, return_exceptions=True)
        assert [type(one) for one in results] == [Transient] * 3
        assert db.silent
        async with asyncio.timeout(0.5):
            assert not await answers(db)
        assert not watch.check().ok
    finally:
        server[0].thaw()

    await wait_until(lambda: answers(db), 30, what="PostgreSQL answers again")
    await wait_until(lambda: watch.check().ok, what="the watch is content")


async def test_a_killed_server_is_silent_until_it_is_back(
    server: tuple[Engine, str], db: Database, watch: Watch
) -> None:
    server[0].kill()
    await wait_until(lambda: db.silent, 30, what="the watch notices")
    assert not await answers(db)

    server[0].start()

    await wait_until(lambda: answers(db), 30, what="PostgreSQL answers again")


async def test_one_question_without_an_answer_breaks_nothing(
    server: tuple[Engine, str], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(db, SystemClock())
    with monkeypatch.context() as patched:
        patched.setattr("shared.db.watch.ANSWER_WITHIN", 0.0)
        with pytest.raises(Transient):
            await watch.look()
    assert await answers(db)

    await watch.look()

    assert not db.silent
    await watch.stop()
