"""`tocsin audit verify` and `tocsin audit export`, as an operator or a program runs them."""

import asyncio
from typing import Any

import asyncpg
import orjson
import pytest

from services.cli import main
from shared.audit import Entry, record
from shared.audit.chain import GENESIS, Link, Row, Walk
from shared.audit.sealing import seal
from shared.contracts.events import Actor
from shared.contracts.vocabulary import ActorKind
from tests.conftest import OpenDatabase

ANA = Actor(kind=ActorKind.PERSON, id="ana")
BEN = Actor(kind=ActorKind.PERSON, id="ben")


@pytest.fixture
async def url(bare: OpenDatabase, bare_url: str) -> str:
    """A database in which intake has three sealed entries and the router one."""
    for schema, entries in (
        (
            "intake",
            [Entry(ANA, "case.note", "case 1"), Entry(BEN, "case.resolve", "case 1"), Entry(ANA, "case.note", "c")],
        ),
        ("router", [Entry(ANA, "presence.set", "specialist ana", {"presence": "away"})]),
    ):
        db = await bare(schema)
        async with db.transaction() as tx:
            await record(tx, entries)
        await seal(db)
    return bare_url


async def tocsin(url: str, *arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        await asyncio.to_thread(main, ["audit", *arguments, "--database-url", url])
    assert isinstance(end.value.code, int)
    return end.value.code


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capfd.readouterr().out.splitlines()]


async def test_chains_that_are_whole_are_told_with_their_ends(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert await tocsin(url, "verify") == 0
    said = capfd.readouterr().out.splitlines()
    assert [line.partition(";")[0] for line in said] == ["intake: 3 entries fit", "router: 1 entries fit"]
    assert await tocsin(url, "verify", "--service", "router", "--json") == 0
    assert list(orjson.loads(capfd.readouterr().out)) == ["router"]


async def test_a_broken_chain_is_named_and_fails(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    superuser = await asyncpg.connect(url)
    await superuser.execute("SET session_replication_role = replica; DELETE FROM intake.audit WHERE position = 2")
    await superuser.close()
    assert await tocsin(url, "verify") == 1
    said = capfd.readouterr()
    assert "intake: position 3 (row 3, case.note by ana): expected is position 2" in said.out
    assert "router: 1 entries fit" in said.out
    assert "the audit of intake is not whole" in said.err


async def test_an_export_holds_all_that_its_hashes_are_made_of(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert await tocsin(url, "export", "--service", "intake") == 0
    walk = Walk(Link(0, GENESIS))
    found = lines(capfd)
    for line in found:
        row = Row(
            line["id"],
            line["at"],
            line["actor"]["kind"],
            line["actor"]["id"],
            line["action"],
            line["subject"],
            line["detail"],
            line["position"],
            bytes.fromhex(line["previous"]),
            bytes.fromhex(line["hash"]),
        )
        assert walk.take(row) is None
    assert walk.tip.position == len(found) == 3


async def test_an_export_is_narrowed_by_actor_action_and_time(url: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert await tocsin(url, "export", "--actor", "ana") == 0
    assert [line["action"] for line in lines(capfd)] == ["case.note", "case.note", "presence.set"]
    assert await tocsin(url, "export", "--action", "case.resolve", "--since", "2026-01-01T00:00:00Z") == 0
    assert [line["actor"]["id"] for line in lines(capfd)] == ["ben"]
    assert await tocsin(url, "export", "--until", "2026-01-01T00:00:00Z") == 0
    assert lines(capfd) == []
    assert await tocsin(url, "export", "--since", "yesterday") == 2
