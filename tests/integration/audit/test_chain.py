"""One unbroken chain whoever writes and seals, and every tampering found at the first row that does not fit."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from shared.audit import Entry, record
from shared.audit.sealing import seal, sealing
from shared.audit.verification import Verdict, verify
from shared.clock import SystemClock
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind
from shared.db import Database
from shared.observability.metrics import Metrics
from tests.conftest import OpenDatabase
from tests.support.waiting import wait_until

ANA = Actor(kind=ActorKind.PERSON, id="ana")


async def write(db: Database, *subjects: str) -> None:
    async with db.transaction() as tx:
        await record(tx, [Entry(ANA, "case.note", subject, {"n": len(subject)}) for subject in subjects])


async def seal_all(db: Database, at_once: int = 500) -> None:
    while await seal(db, at_once):
        pass


async def verdict(db: Database) -> Verdict:
    return await verify(db, lambda done, total: None)


async def sealed(bare: OpenDatabase, rows: int) -> Database:
    db = await bare("intake")
    await write(db, *(f"case {n}" for n in range(1, rows + 1)))
    await seal_all(db)
    return db


async def test_an_empty_audit_is_whole(bare: OpenDatabase) -> None:
    found = await verdict(await bare("intake"))
    assert (found.rows, found.fault) == (0, None)


async def test_what_is_sealed_fits_from_end_to_end(bare: OpenDatabase) -> None:
    found = await verdict(await sealed(bare, 12))
    assert (found.rows, found.position, found.fault) == (12, 12, None)


@pytest.mark.parametrize(
    ("tamper", "named"),
    [
        ("UPDATE audit SET actor_id = 'ben' WHERE position = 3", "position 3 (row 3, case.note by ben): its content"),
        ("DELETE FROM audit WHERE position = 3", "position 4 (row 4, case.note by ana): expected is position 3"),
        ("DELETE FROM audit WHERE position = 1", "position 2 (row 2, case.note by ana): expected is position 1"),
        ("DELETE FROM audit WHERE position >= 5", "the chain ends at position 4; it was sealed up to 6"),
        (
            """UPDATE audit SET subject = CASE position WHEN 3 THEN 'case 4' ELSE 'case 3' END
                WHERE position IN (3, 4)""",
            "position 3 (row 3, case.note by ana): its content",
        ),
        (
            """INSERT INTO audit (at, actor_kind, actor_id, action, subject, detail, position, previous, hash)
               SELECT at, 'person', 'ben', 'case.resolve', subject, detail, 7, hash, sha256(hash) FROM audit
                WHERE position = 6""",
            "position 7 (row 7, case.resolve by ben): it stands behind the end",
        ),
        ("UPDATE audit_chain SET anchor_position = 2, anchor_hash = hash FROM audit WHERE position = 2", "no entry"),
    ],
)
async def test_what_a_superuser_does_with_the_triggers_off_is_found(
    bare: OpenDatabase, bare_url: str, tamper: str, named: str
) -> None:
    db = await sealed(bare, 6)
    superuser = await asyncpg.connect(bare_url, server_settings={"search_path": "intake"})
    await superuser.execute("SET session_replication_role = replica")
    await superuser.execute(tamper)
    await superuser.close()
    fault = (await verdict(db)).fault
    assert fault is not None
    assert named in fault


async def test_a_row_that_waits_too_long_for_its_seal_is_a_fault(bare: OpenDatabase) -> None:
    db = await sealed(bare, 2)
    async with db.connection() as connection:
        await connection.execute(
            "INSERT INTO audit (at, actor_kind, actor_id, action, subject, detail)"
            " VALUES (now() - interval '6 minutes', 'person', 'ana', 'case.note', 'case 9', '{}')"
        )
    fault = (await verdict(db)).fault
    assert fault is not None
    assert "not sealed" in fault
    await seal_all(db)
    assert (await verdict(db)).fault is None


async def test_what_commits_late_is_sealed_when_it_appears(bare: OpenDatabase) -> None:
    db = await bare("intake")
    async with db.transaction() as late:
        await record(late, [Entry(ANA, "case.note", "late")])
        await write(db, "early")
        await seal_all(db)
        assert (await verdict(db)).rows == 1
    await seal_all(db)
    async with db.connection() as connection:
        rows = await connection.fetch("SELECT id, subject FROM audit ORDER BY position")
    assert [(row["id"], row["subject"]) for row in rows] == [(2, "early"), (1, "late")]
    assert (await verdict(db)).fault is None


async def test_many_writers_and_two_sealers_make_one_chain(bare: OpenDatabase) -> None:
    db, other = await bare("intake"), await bare("intake")
    writing = asyncio.gather(*(write(db, f"case {n}", f"case {n} again") for n in range(60)))

    async def sealer(pool: Database) -> None:
        while not writing.done():
            await seal(pool, 7)

    await asyncio.gather(writing, sealer(db), sealer(other))
    await seal_all(db)
    found = await verdict(other)
    assert (found.rows, found.fault) == (120, None)


SEALER = """
import asyncio, sys
from shared.audit.sealing import seal
from shared.db import Database

async def main():
    db = await Database.connect(sys.argv[1], schema="intake", min_size=1, max_size=1)
    while True:
        await seal(db, 3)

asyncio.run(main())
"""


async def test_a_sealer_that_is_killed_in_the_middle_leaves_the_chain_to_the_next(
    bare: OpenDatabase, bare_url: str, tmp_path: Path
) -> None:
    db = await bare("intake")
    await write(db, *(f"case {n}" for n in range(20)))
    crash = {"TOCSIN_CRASH_AT": "audit.in_transaction:3", "TOCSIN_CRASH_MARK": str(tmp_path / "mark")}
    killed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SEALER, bare_url, env={**os.environ, "PYTHONPATH": str(Path.cwd()), **crash}
    )
    assert await asyncio.wait_for(killed.wait(), 30) == -signal.SIGKILL
    assert (await verdict(db)).rows == 6, "two batches, and nothing of the third"
    await wait_until(lambda: _all_sealed(db))
    found = await verdict(db)
    assert (found.rows, found.fault) == (20, None)


async def _all_sealed(db: Database) -> bool:
    """PostgreSQL lets go of what the dead one held as soon as it notices."""
    await seal_all(db)
    return (await verdict(db)).rows == 20


async def test_what_is_written_at_the_end_of_a_service_is_sealed_when_it_stops(bare: OpenDatabase) -> None:
    db = await bare("intake")
    component = sealing(db, SystemClock(), Metrics("intake"))
    await component.start()
    await write(db, "the last words")
    await component.stop()
    assert (await verdict(db)).rows == 1


async def test_a_sealer_does_not_wait_for_one_that_is_stuck(bare: OpenDatabase) -> None:
    db = await bare("intake")
    await write(db, "case 1")
    async with db.transaction() as stuck:
        await stuck.execute("SELECT FROM audit_chain FOR UPDATE")
        assert await seal(db) == 0
    assert await seal(db) == 1
