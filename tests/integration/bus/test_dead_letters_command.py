"""`tocsin dead-letters`: an operator sees what was set aside, and has it taken again or given up, audited."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from shared.bus import dead_letters
from shared.bus.dead_letters import LetterState
from shared.bus.messages import Received
from shared.bus.relay import Relay
from shared.errors import Permanent, PermanentReason
from tests.support.bus import Reader, Sender, message
from tests.support.waiting import wait_until

Answer = tuple[int, str, str]
Tocsin = Callable[..., Awaitable[Answer]]
PAYLOAD = b'{"n":1,"case":{"summary":"a threat against Ana"},"change":{"stakeholders":[{"address":"ana@example.org"}]}}'


@pytest.fixture
def tocsin(bare_url: str) -> Tocsin:
    """Calls `tocsin dead-letters …` on the test's database: exit code, stdout, stderr."""

    async def call(*arguments: str) -> Answer:
        line = [sys.executable, "-m", "services.cli", "dead-letters", *arguments, "--database-url", bare_url]
        process = await asyncio.create_subprocess_exec(*line, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
        out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()

    return call


@pytest.fixture
async def letter(sender: Sender, reader: Reader, relay: Relay) -> UUID:
    """router has set aside the first event of case-1 and parked two; one of case-2 was no JSON."""

    def refuse(received: Sequence[Received]) -> None:
        if any((event.key, event.seq) == ("case-1", 1) for event in received):
            raise Permanent(PermanentReason.INVALID, "not this one")

    reader.before = refuse
    consumer = reader.consumer()
    await consumer.start()
    await sender.commit(message("case-1", 1, payload=PAYLOAD), message("case-1", 2), message("case-1", 3))
    await sender.commit(message("case-2", 1, payload=b"\x00junk"))

    async def set_aside() -> UUID | None:
        async with reader.db.connection() as connection:
            found = await dead_letters.listed(connection, dead_letters.Choice(), limit=10)
            parked = await dead_letters.parked_events(connection)
        return found[0].id if (len(found), parked) == (2, 2) else None

    found = await wait_until(set_aside, what="two dead letters")
    [first] = [one for one in await listed(reader) if one.key == "case-1"]
    assert found is not None
    return first.id


async def listed(reader: Reader) -> list[dead_letters.Listed]:
    async with reader.db.connection() as connection:
        return await dead_letters.listed(connection, dead_letters.Choice(), limit=10)


async def audited(reader: Reader) -> list[tuple[str, str, str, Any]]:
    async with reader.db.connection() as connection:
        rows = await connection.fetch("SELECT actor_id, action, subject, detail FROM audit ORDER BY id")
    return [tuple(row.values()) for row in rows]


async def test_the_list_says_what_why_and_how_many_wait(tocsin: Tocsin, letter: UUID) -> None:
    code, out, err = await tocsin("list", "--json")
    assert code == 0, err
    [first, second] = sorted(orjson.loads(out), key=lambda one: one["key"])
    assert (first["service"], first["reason"], first["parked"], first["state"]) == ("router", "invalid", 2, "open")
    assert (second["reason"], second["parked"]) == ("unreadable", 0)
    _, out, _ = await tocsin("list", "--reason", "invalid", "--topic", "tocsin.cases", "--service", "router")
    assert str(letter) in out
    assert "2 parked behind it" in out
    assert len(out.splitlines()) == 1
    _, out, _ = await tocsin("list", "--service", "intake")
    assert out == ""


async def test_show_leaves_out_what_people_wrote_until_the_raw_record_is_asked_for(
    tocsin: Tocsin, reader: Reader, letter: UUID
) -> None:
    code, out, _ = await tocsin("show", str(letter))
    assert code == 0
    assert "not this one" in out
    assert "ce_sequence: 1" in out
    assert '"n": 1' in out
    assert "offset 1" in out
    assert "Ana" not in out
    assert "ana@" not in out
    assert await audited(reader) == []

    _, out, _ = await tocsin("show", str(letter), "--raw", "--json", "--by", "lead")
    assert orjson.loads(out)["value"] == orjson.loads(PAYLOAD)
    [(who, action, subject, _)] = await audited(reader)
    assert (who, action, subject) == ("lead", "dead_letter.read", f"dead letter {letter}")


async def test_a_replay_is_carried_out_and_audited(tocsin: Tocsin, reader: Reader, letter: UUID) -> None:
    reader.before = lambda _received: None
    code, out, _ = await tocsin("replay", str(letter), "--by", "lead")
    assert (code, out.split()[0]) == (0, "1")
    await reader.until_applied({"case-1": [1, 2, 3]})
    [(who, action, subject, detail)] = await audited(reader)
    assert (who, action, subject) == ("lead", "dead_letter.replay", f"dead letter {letter}")
    assert detail["reason"] == "invalid"
    code, _, err = await tocsin("replay", str(letter))
    assert code == 1
    assert "show" in err


async def test_a_discard_of_all_that_fit_leaves_the_others(tocsin: Tocsin, reader: Reader, letter: UUID) -> None:
    code, out, _ = await tocsin("discard", "--all", "--reason", "unreadable", "--yes", "--json")
    assert code == 0
    assert [one["key"] for one in orjson.loads(out)] == ["case-2"]
    states = {one.key: one.state for one in await listed(reader)}
    assert states == {"case-1": LetterState.OPEN, "case-2": LetterState.DISCARDED}
    assert len(await audited(reader)) == 1


@pytest.mark.parametrize("arguments", [["replay"], ["discard"], ["discard", "--all"], ["replay", "not-an-id"]])
async def test_nothing_is_done_to_all_by_accident(
    tocsin: Tocsin, reader: Reader, letter: UUID, arguments: list[str]
) -> None:
    code, _, err = await tocsin(*arguments)
    assert code == 2
    assert len(err.splitlines()) <= 2
    assert {one.state for one in await listed(reader)} == {LetterState.OPEN}


async def test_an_id_that_nobody_knows_is_named(tocsin: Tocsin, bare_url: str) -> None:
    nobody = str(uuid4())
    code, _, err = await tocsin("show", nobody)
    assert code == 1
    assert nobody in err


async def test_of_a_record_that_two_services_set_aside_each_can_be_shown(
    tocsin: Tocsin, sender: Sender, reader: Reader, letter: UUID
) -> None:
    async with sender.db.connection() as connection:
        await connection.execute(
            "INSERT INTO intake.dead_letter SELECT * FROM router.dead_letter WHERE id = $1", str(letter)
        )
        await connection.execute("UPDATE intake.dead_letter SET state = 'discarded', settled_at = now(), error = 'old'")
    _, out, _ = await tocsin("show", str(letter), "--json")
    assert (orjson.loads(out)["service"], orjson.loads(out)["parked"]) == ("router", 2)
    _, out, _ = await tocsin("show", str(letter), "--service", "intake", "--json")
    assert (orjson.loads(out)["service"], orjson.loads(out)["error"]) == ("intake", "old")
