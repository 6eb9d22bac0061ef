"""What was kept long enough goes, by class, in small steps; what is held, open or young stays."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.intake.erasing import erase_due
from services.intake.store import protection
from services.notifier.store import protection as notifier
from services.router.store import protection as router
from services.sla_monitor.store import protection as sla_monitor
from shared import audit
from shared.audit.sealing import seal
from shared.audit.verification import verify
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.events import Actor
from shared.db import Database
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.protection.retention import Batch, Remove, RetentionJob, first_id_at
from shared.protection.set_aside import Erase
from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake
from tests.support.config_dir import configuration, write

SYSTEM = Actor.system("intake")
_ERASES: dict[str, Erase] = {"router": router.erase, "sla_monitor": sla_monitor.erase, "notifier": notifier.erase}


@pytest.fixture
def holder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> ConfigHolder:
    """Cases for 400 days, their texts for 180, dead letters for 30, the audit for 10."""
    monkeypatch.setenv("PAGER_SECRET", "whsec_dGVzdHM=")
    files = configuration(pager_url="http://127.0.0.1:9")
    files["taxonomy"]["retention"]["audit"] = "P10D"
    return ConfigHolder(write(tmp_path / "retention", files), SystemClock(), Metrics("intake"))


def job(db: Database, holder: ConfigHolder, remove: Remove = protection.remove) -> RetentionJob:
    batches: dict[str, Batch] = {
        "intake": lambda tx, cutoff: erase_due(tx, db, cutoff),
        "router": router.erase_due,
        "notifier": notifier.erase_due,
    }
    texts = batches.get(db.schema)
    erase = _ERASES.get(db.schema)
    return RetentionJob(db, holder, SystemClock(), SYSTEM, remove, texts and ("report_text", texts), erase)


def aged(case_id: str, days: int) -> UUID:
    """The id that the case would have had so many days ago."""
    instant = datetime.fromtimestamp((UUID(case_id).int >> 80) / 1000).astimezone() - timedelta(days=days)
    return UUID(int=first_id_at(instant).int | (UUID(case_id).int & ((1 << 80) - 1)))


async def resolved(intake: Intake, days_ago: int, **fields: Any) -> str:
    """A case that was opened and resolved so many days ago; its id."""
    case_id = await intake.open_case(description="words", **fields)
    await intake.command(case_id, "note", text="words")
    await intake.command(case_id, "resolve", outcome="violation", summary="words")
    old = aged(case_id, days_ago)
    async with intake.db.transaction() as tx:
        for table in ("cases", "reports", "notes", "timeline"):
            await tx.execute(f"UPDATE {table} SET case_id = $2 WHERE case_id = $1", case_id, old)
        await tx.execute(
            "UPDATE cases SET resolved_at = now() - $2::interval WHERE case_id = $1", old, timedelta(days=days_ago)
        )
    return str(old)


async def test_first_the_texts_go_and_later_the_case(intake: Intake, holder: ConfigHolder) -> None:
    young, middle, old = [await resolved(intake, days) for days in (10, 200, 401)]
    await job(intake.db, holder).sweep()
    assert (await intake.case(young))["summary"] != "[erased]"
    assert (await intake.case(middle))["summary"] == "[erased]"
    assert [note["text"] for note in await intake.items(f"/v1/cases/{middle}/notes")] == ["[erased]"]
    assert (await intake.get(f"/v1/cases/{old}")).status_code == 404
    for table, rows in (("cases", 2), ("reports", 2), ("notes", 2)):
        assert await intake.count(table) == rows, table
    async with intake.db.connection() as connection:
        told = await connection.fetch("SELECT subject, detail FROM audit WHERE action = 'retention.erased' ORDER BY id")
    assert [(row["subject"], row["detail"]["rows"]) for row in told] == [("report_text", 2), ("cases", 1)]


async def test_a_second_sweep_finds_nothing_until_a_case_is_resolved_again(
    intake: Intake, holder: ConfigHolder
) -> None:
    case_id = await resolved(intake, 200)
    await job(intake.db, holder).sweep()
    version = (await intake.case(case_id))["version"]
    await job(intake.db, holder).sweep()
    assert (await intake.case(case_id))["version"] == version
    await intake.command(case_id, "reopen", kind="error", reason="words")
    await intake.command(case_id, "note", text="new words")
    await intake.command(case_id, "resolve", outcome="violation", summary="words")
    await job(intake.db, holder).sweep()
    assert (await intake.items(f"/v1/cases/{case_id}/notes"))[-1]["text"] == "new words", "its time begins again"


async def test_what_is_held_or_open_stays(intake: Intake, holder: ConfigHolder) -> None:
    held, still_open = await resolved(intake, 500), await resolved(intake, 500)
    async with intake.db.transaction() as tx:
        await tx.execute("UPDATE cases SET preserve_until = now() + interval '1 day' WHERE case_id = $1", held)
        await tx.execute("UPDATE cases SET status = 'open', resolved_at = NULL WHERE case_id = $1", still_open)
    await job(intake.db, holder).sweep()
    assert (await intake.case(held))["summary"] != "[erased]"
    assert (await intake.case(still_open))["status"] == "open"
    async with intake.db.transaction() as tx:
        await tx.execute("UPDATE cases SET preserve_until = now() - interval '1 second' WHERE case_id = $1", held)
    await job(intake.db, holder).sweep()
    assert (await intake.get(f"/v1/cases/{held}")).status_code == 404


_KNOWS = {
    "router": "INSERT INTO cases (case_id, partition, summary) VALUES ($1, 0, $2)",
    "sla_monitor": "INSERT INTO cases (case_id, partition, summary) VALUES ($1, 0, $2)",
    "notifier": "INSERT INTO cases (key, case_id, summary) VALUES ($1, $1, $2)",
}
_REMOVES: dict[str, Remove] = {
    "router": router.remove,
    "sla_monitor": sla_monitor.remove,
    "notifier": notifier.remove,
}


@pytest.mark.parametrize("schema", sorted(_KNOWS))
async def test_every_service_forgets_a_case_by_its_own_rows(
    database: OpenDatabase, holder: ConfigHolder, schema: str
) -> None:
    db = await database(schema)
    now = datetime.now().astimezone()
    told = {
        "gone": {"status": "resolved", "resolved_at": (now - timedelta(days=401)).isoformat()},
        "gone, as far as was heard": {"status": "resolved"},
        "young": {"status": "resolved", "resolved_at": (now - timedelta(days=399)).isoformat()},
        "open": {"status": "open"},
        "held": {
            "status": "resolved",
            "resolved_at": (now - timedelta(days=401)).isoformat(),
            "preserve_until": (now + timedelta(days=1)).isoformat(),
        },
    }
    ids = {name: UUID(int=first_id_at(now - timedelta(days=500)).int + n) for n, name in enumerate(told)}
    async with db.transaction() as tx:
        for name, summary in told.items():
            await tx.execute(_KNOWS[schema], ids[name], summary)
            await tx.execute(
                "INSERT INTO consumed VALUES ($1, '/tocsin/intake', 1, gen_random_uuid(), now() - interval '401 days')",
                str(ids[name]),
            )
    await job(db, holder, _REMOVES[schema]).sweep()
    async with db.connection() as connection:
        left = {row["case_id"] for row in await connection.fetch("SELECT case_id FROM cases")}
        keys = {row["key"] for row in await connection.fetch("SELECT key FROM consumed")}
    assert {name for name, case_id in ids.items() if UUID(int=case_id.int) in left} == {"young", "open", "held"}
    assert keys == {str(case_id) for case_id in left}


_SAYS = {
    "router": "INSERT INTO assignments (assignment_id, case_id, specialist, state, units, handling, offered_at, reason)"
    " VALUES (gen_random_uuid(), $1, 'ana', 'declined', 1, interval '9 minutes', now(), 'words')",
    "notifier": "INSERT INTO page (page_id, key, case_id, policy, urgency, reasons, created_at, state,"
    " step, round, responders, steps, watching, summary)"
    " VALUES (gen_random_uuid(), $1, $1, 'safety', 'high', '[]', now(), 'resolved', 0, 0, '[]', '[]', '[]', 'words')",
}
_SAID = {
    "router": "SELECT case_id, reason AS words FROM assignments",
    "notifier": "SELECT case_id, summary AS words FROM page",
}


@pytest.mark.parametrize("schema", sorted(_SAYS))
async def test_what_people_wrote_elsewhere_goes_with_the_texts_of_its_case(
    database: OpenDatabase, holder: ConfigHolder, schema: str
) -> None:
    db = await database(schema)
    now = datetime.now().astimezone()
    old, young = [(now - timedelta(days=days)).isoformat() for days in (200, 170)]
    told = {
        "due": {"status": "resolved", "resolved_at": old},
        "young": {"status": "resolved", "resolved_at": young},
        "open again": {"status": "open"},
        "held": {"status": "resolved", "resolved_at": old, "preserve_until": (now + timedelta(days=1)).isoformat()},
    }
    ids = {name: uuid7() for name in told}
    async with db.transaction() as tx:
        for name, summary in told.items():
            await tx.execute(_KNOWS[schema], ids[name], {"summary": "words", **summary})
            await tx.execute(_SAYS[schema], ids[name])
    await job(db, holder, _REMOVES[schema]).sweep()
    async with db.connection() as connection:
        said = {UUID(int=row["case_id"].int): row["words"] for row in await connection.fetch(_SAID[schema])}
    assert {name: said[case_id] for name, case_id in ids.items()} == {**dict.fromkeys(told, "words"), "due": "[erased]"}


async def test_settled_dead_letters_go_and_open_ones_stay(intake: Intake, holder: ConfigHolder) -> None:
    async with intake.db.transaction() as tx:
        for offset, (state, days) in enumerate((("replayed", 31), ("discarded", 31), ("discarded", 29), ("open", 99))):
            await tx.execute(
                'INSERT INTO dead_letter (id, topic, partition, "offset", headers, reason, error, state, settled_at)'
                " VALUES (gen_random_uuid(), 't', 0, $1, '{}', 'invalid', 'e', $2, now() - $3::interval)",
                offset,
                state,
                timedelta(days=days),
            )
    await job(intake.db, holder).sweep()
    async with intake.db.connection() as connection:
        left = await connection.fetch('SELECT "offset" FROM dead_letter ORDER BY "offset"')
    assert [row["offset"] for row in left] == [2, 3]


async def test_of_the_audit_the_oldest_days_go_and_the_rest_still_verifies(
    intake: Intake, holder: ConfigHolder
) -> None:
    db = intake.db
    async with db.transaction() as tx:
        await tx.execute(
            "INSERT INTO audit (at, actor_kind, actor_id, action, subject, detail)"
            " SELECT now() - make_interval(days => 20 - n), 'person', 'ana', 'case.note', 'case 1', '{}'"
            " FROM generate_series(1, 15) AS n"
        )
    while await seal(db):
        pass
    await job(db, holder).sweep()
    async with db.transaction() as tx:
        await audit.record(tx, [audit.Entry(SYSTEM, "case.note", "case 2")])
    while await seal(db):
        pass
    found = await verify(db, lambda done, total: None)
    assert found.fault is None
    assert found.removed in (9, 10)
    assert found.position == 15 + 2
    await job(db, holder).sweep()
    assert (await verify(db, lambda done, total: None)).removed == found.removed
    async with db.transaction() as tx:
        await tx.execute(
            """
            UPDATE audit_chain SET anchor_position = a.position, anchor_hash = a.hash
              FROM audit a WHERE a.position = anchor_position + 1
            """
        )
        await tx.execute("DELETE FROM audit WHERE position <= (SELECT anchor_position FROM audit_chain)")
    fault = (await verify(db, lambda done, total: None)).fault
    assert fault is not None
    assert "no entry says that retention removed it" in fault
