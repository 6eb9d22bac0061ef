"""A report that waits for a case which is resolved meanwhile opens a case of its own."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

from services.intake.case import Who
from services.intake.casework import execute
from services.intake.commands import Resolve
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.vocabulary import ActorKind, Outcome
from shared.observability.metrics import Metrics
from tests.integration.intake.harness import Intake
from tests.support.config_dir import write
from tests.support.waiting import wait_until

SUBJECT = {"type": "post", "id": "p-77"}


async def test_a_report_never_joins_a_case_that_let_go_of_its_slot(
    intake: Intake, files: dict[str, Any], tmp_path: Path
) -> None:
    config = ConfigHolder(write(tmp_path / "again", files), SystemClock(), Metrics("intake"))
    case_id = await intake.open_case(subject=SUBJECT)
    resolve = Resolve(outcome=Outcome.VIOLATION, summary="Removed")

    async with intake.db.transaction() as tx:
        await tx.fetch("SELECT 1 FROM cases WHERE case_id = $1 FOR UPDATE", UUID(case_id))
        report = asyncio.create_task(intake.escalate(subject=SUBJECT))
        await wait_until(lambda: somebody_waits(intake), what="the report waits for the case")
        await execute(tx, intake.db, UUID(case_id), resolve, who=ANA, config=config.current)
    answer = await report

    assert answer["status"] == "accepted"
    assert answer["case_id"] != case_id
    assert (await intake.case(case_id))["reports"] == 1


async def somebody_waits(intake: Intake) -> bool:
    """Whether a session of this database waits for a lock."""
    async with intake.db.connection() as connection:
        waiting = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    return bool(waiting)


ANA = Who(id="ana", kind=ActorKind.PERSON, is_lead=False)
