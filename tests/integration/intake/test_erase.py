"""`tocsin erase`: nothing that was written about a case is left in any table, and nothing comes back later."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import pytest

from services.cli import main
from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake, running
from tests.support.caller import escalation
from tests.support.waiting import wait_until

SECRET = "zanzibar"
BY = {"type": "user", "id": f"reporter-{SECRET}", "name": f"Ana {SECRET}"}
CONTENT: dict[str, Any] = {
    "summary": f"about {SECRET}",
    "description": f"more about {SECRET}",
    "reporter": BY,
    "evidence": [{"type": "text", "value": f"said {SECRET}"}],
    "stakeholders": [{"address": f"{SECRET}@example.org"}],
    "labels": {"k": SECRET},
    "subject": {"type": "post", "id": "p-1", "url": f"https://x.example/{SECRET}"},
}


@pytest.fixture
def files(files: dict[str, Any]) -> dict[str, Any]:
    files["taxonomy"]["actions"]["preserve_evidence"] = {
        "name": "Preserve",
        "scopes": ["global"],
        "preserve": "P90D",
    }
    return files


@dataclass
class Tocsin:
    """intake at work on a database of all four services, and the command beside it."""

    intake: Intake
    url: str

    async def run(self, *arguments: str) -> int:
        """Run `tocsin` with the database; its exit code."""
        with pytest.raises(SystemExit) as end:
            await asyncio.to_thread(main, [*arguments, "--database-url", self.url])
        assert isinstance(end.value.code, int)
        return end.value.code

    async def erase(self, *arguments: str) -> int:
        return await self.run("erase", *arguments, "--yes", "--by", "dpo")

    async def found(self, word: str = SECRET) -> dict[str, int]:
        """By table of any service, in how many rows the word stands, as text or as bytes."""
        connection = await asyncpg.connect(self.url)
        tables = await connection.fetch(
            "SELECT table_schema || '.' || table_name AS name FROM information_schema.tables"
            " WHERE table_schema IN ('intake', 'router', 'sla_monitor', 'notifier')"
        )
        counts = {}
        for row in tables:
            sql = "SELECT count(*) FROM {0} t WHERE t::text ILIKE $1 OR t::text LIKE $2"
            sql = sql.format(row["name"])
            counts[row["name"]] = await connection.fetchval(sql, f"%{word}%", f"%{word.encode().hex()}%")
        await connection.close()
        return {name: rows for name, rows in counts.items() if rows}

    async def tell_others(self, case_id: str) -> None:
        """Let the other services know the case as its first event tells of it, and set one event of it aside."""
        event = (await self.intake.events(case_id))[0]
        summary = event.case.model_dump_json() if event.case else "{}"
        payload = event.payload()
        foreign = orjson.dumps({"author": SECRET})
        connection = await asyncpg.connect(self.url)
        await connection.execute(
            "INSERT INTO router.cases (case_id, partition, summary) VALUES ($1, 0, $2)", case_id, summary
        )
        await connection.execute(
            "INSERT INTO sla_monitor.cases (case_id, partition, summary) VALUES ($1, 0, $2)", case_id, summary
        )
        await connection.execute(
            "INSERT INTO notifier.cases (key, case_id, summary) VALUES ($1, $1, $2)", case_id, summary
        )
        await connection.execute(
            'INSERT INTO router.dead_letter (id, topic, partition, "offset", value, headers, event_key, reason, error)'
            " VALUES (gen_random_uuid(), 'tocsin.cases', 0, 1, $2, '{}', $1::text, 'invalid', $3)",
            case_id,
            foreign,
            f"cannot read {SECRET}",
        )
        await connection.execute(
            "INSERT INTO router.assignments"
            " (assignment_id, case_id, specialist, state, units, handling, offered_at, reason)"
            " VALUES (gen_random_uuid(), $1, 'ana', 'declined', 1, interval '9 minutes', now(), $2)",
            case_id,
            f"I know {SECRET}",
        )
        await connection.execute(
            'INSERT INTO router.parked_event (topic, partition, "offset", event_key, value, headers, behind)'
            " SELECT topic, 0, 2, event_key, $1, '{}', id FROM router.dead_letter",
            payload,
        )
        await connection.close()

    async def audited(self, schema: str) -> list[tuple[str, str]]:
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch(f"SELECT actor_id, action FROM {schema}.audit WHERE action = 'case.erase'")
        await connection.close()
        return [(row["actor_id"], row["action"]) for row in rows]


@pytest.fixture
async def tocsin(
    database: OpenDatabase, database_url: str, tmp_path: Path, files: dict[str, Any]
) -> AsyncIterator[Tocsin]:
    async with running(await database("intake"), tmp_path / "config", files) as intake:
        yield Tocsin(intake, database_url)


async def talked_about(tocsin: Tocsin) -> str:
    """A resolved case, with the word wherever somebody could write it."""
    intake = tocsin.intake
    case_id = await intake.open_case(**CONTENT)
    await intake.escalate("other-tool", **{**CONTENT, "external_id": "second"})
    await intake.command(case_id, "acknowledge")
    await intake.post(f"/v1/cases/{case_id}/note", {"text": SECRET}, "ana", **{"Idempotency-Key": "note"})
    await intake.command(case_id, "update", text=f"we look at {SECRET}")
    await intake.command(case_id, "reclassify", severity="critical", reason=SECRET)
    await intake.command(case_id, "resolve", outcome="violation", summary=SECRET, root_cause=SECRET)
    await tocsin.tell_others(case_id)
    return case_id


async def test_nothing_written_about_a_case_is_left_in_any_table(tocsin: Tocsin) -> None:
    case_id = await talked_about(tocsin)
    before = await tocsin.intake.case(case_id)
    assert len(await tocsin.found()) >= 9

    assert await tocsin.erase("--case", case_id) == 0

    assert await tocsin.found() == {}
    after = await tocsin.intake.case(case_id)
    kept = (
        "case_id",
        "status",
        "outcome",
        "severity",
        "policy_area",
        "received_at",
        "resolved_at",
        "reports",
        "source",
    )
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["summary"] == "[erased]"
    assert (await tocsin.intake.types(case_id))[-1] == "snapshot"
    assert len(await tocsin.intake.items(f"/v1/cases/{case_id}/reports")) == 2
    assert len(await tocsin.intake.items(f"/v1/cases/{case_id}/timeline", limit=50)) == after["version"]
    for schema in ("intake", "router", "sla_monitor", "notifier"):
        assert await tocsin.audited(schema) == [("dpo", "case.erase")]


async def test_what_is_sent_again_afterwards_brings_nothing_back(tocsin: Tocsin) -> None:
    case_id = await talked_about(tocsin)
    (first, *_) = await tocsin.intake.items(f"/v1/cases/{case_id}/reports")
    sent = escalation(**CONTENT, external_id=first["external_id"])
    assert (await tocsin.intake.post("/v1/escalations", sent)).status_code in (200, 409)
    await tocsin.erase("--case", case_id)

    again = await tocsin.intake.post("/v1/escalations", sent)
    note = await tocsin.intake.post(f"/v1/cases/{case_id}/note", {"text": SECRET}, "ana", **{"Idempotency-Key": "note"})

    assert again.status_code in (200, 409)
    assert (note.status_code, note.headers["Idempotency-Replayed"]) == (200, "true")
    assert SECRET not in note.text
    assert await tocsin.found() == {}


async def test_who_is_interrupted_between_services_finds_the_case_by_its_reporter_again(tocsin: Tocsin) -> None:
    case_id = await talked_about(tocsin)
    connection = await asyncpg.connect(tocsin.url)
    await connection.execute("ALTER TABLE notifier.page RENAME TO away")
    assert await tocsin.erase("--reporter", BY["id"]) == 1
    await connection.execute("ALTER TABLE notifier.away RENAME TO page")
    await connection.close()

    assert await tocsin.erase("--reporter", BY["id"]) == 0
    assert await tocsin.found() == {}
    assert (await tocsin.intake.types(case_id)).count("snapshot") == 1


async def test_an_erase_and_a_replay_of_the_same_case_wait_for_each_other_in_one_order(tocsin: Tocsin) -> None:
    case_id = await talked_about(tocsin)
    replaying, looking = [await asyncpg.connect(tocsin.url) for _ in range(2)]
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    async with replaying.transaction():
        await replaying.execute("SELECT FROM router.dead_letter FOR UPDATE")
        erasing = asyncio.create_task(tocsin.erase("--case", case_id))
        await wait_until(lambda: looking.fetchval(waiting), what="the erase waits")
        await replaying.execute("SELECT FROM router.cases WHERE case_id = $1 FOR UPDATE NOWAIT", case_id)
    await looking.close()
    await replaying.close()
    assert await erasing == 0
    assert await tocsin.found() == {}


async def test_an_erase_among_repeated_requests_leaves_nothing(tocsin: Tocsin) -> None:
    sent = escalation(**CONTENT)
    opened = await tocsin.intake.post("/v1/escalations", sent)
    case_id = opened.json()["case_id"]

    async def repeat(number: int) -> None:
        path, key = f"/v1/cases/{case_id}/note", {"Idempotency-Key": f"note {number % 3}"}
        await tocsin.intake.post("/v1/escalations", sent)
        await tocsin.intake.post(path, {"text": f"{SECRET} {number % 3}"}, "ana", **key)

    await asyncio.gather(*(repeat(number) for number in range(3)))
    erasing = asyncio.create_task(tocsin.erase("--case", case_id))
    while not erasing.done():
        await asyncio.gather(*(repeat(number) for number in range(6)))
    assert await erasing == 0
    await asyncio.gather(*(repeat(number) for number in range(6)))
    assert await tocsin.found() == {}


async def test_every_case_of_a_reporter_and_of_nobody_else(tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    theirs = [await tocsin.intake.open_case(summary=f"case {n} {SECRET}", reporter=BY) for n in range(3)]
    other = await tocsin.intake.open_case(summary="somebody else", reporter={"type": "user", "id": "other"})

    assert await tocsin.erase("--reporter", BY["id"], "--json") == 0

    answer = orjson.loads(capsys.readouterr().out)
    assert sorted(answer["cases"]) == sorted(theirs)
    assert answer["tables"]["intake"]["reports"] == 3
    assert answer["kafka"]["retention_ms"] == 14 * 86_400_000
    assert await tocsin.found() == {}
    assert (await tocsin.intake.case(other))["summary"] == "somebody else"


async def test_a_dry_run_counts_and_changes_nothing(tocsin: Tocsin, capsys: pytest.CaptureFixture[str]) -> None:
    case_id = await talked_about(tocsin)
    before = await tocsin.found()
    assert await tocsin.run("erase", "--case", case_id, "--dry-run") == 0
    assert await tocsin.found() == before
    said = capsys.readouterr().out
    assert said.startswith("would erase 1 case")
    assert "intake.reports: 2" in said
    assert "Kafka keeps events for 14 days" in said
    assert await tocsin.audited("intake") == []


async def test_a_legal_hold_is_in_the_way_until_it_has_passed(
    tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    case_id = await tocsin.intake.open_case(**CONTENT)
    held = await tocsin.intake.command(
        case_id, "act", action="preserve_evidence", scope="global", duration="P30D", reason="order 7"
    )
    assert held["preserve_until"] is not None
    before = await tocsin.found()

    assert await tocsin.erase("--case", case_id) == 1

    assert f"case {case_id} is under a legal hold until {held['preserve_until'][:10]}" in capsys.readouterr().err
    assert await tocsin.found() == before
    async with tocsin.intake.db.connection() as connection:
        await connection.execute("UPDATE cases SET preserve_until = now() - interval '1 second'")
    assert await tocsin.erase("--case", case_id) == 0
    assert await tocsin.found() == {}


async def test_an_unknown_case_or_reporter_is_said_in_a_line(
    tocsin: Tocsin, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await tocsin.erase("--case", "019aabcd-0000-7000-8000-000000000001") == 1
    assert "no service knows a case 019aabcd" in capsys.readouterr().err
    assert await tocsin.erase("--reporter", "nobody") == 1
    assert "no report names the reporter 'nobody'" in capsys.readouterr().err
    assert await tocsin.erase() == 2
