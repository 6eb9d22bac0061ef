"""A flood from one source: others are admitted in between, critical ones first, and only the flood is refused."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from services.intake.acceptor import BATCH
from services.intake.fairness import Bounds
from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake, running
from tests.support.caller import escalation

FLOOD = 1000


async def order(intake: Intake) -> list[str]:
    """Cases in the order in which they were admitted: that of their first events in the outbox."""
    async with intake.db.connection() as connection:
        return [str(row["key"]) for row in await connection.fetch("SELECT key FROM outbox WHERE seq = 1 ORDER BY id")]


def flood(intake: Intake, number: int) -> list[asyncio.Task[Any]]:
    """`number` escalations of low severity in batches of 500."""
    bodies = [escalation(severity="low") for _ in range(number)]
    parts = [bodies[start : start + 500] for start in range(0, number, 500)]
    return [asyncio.create_task(intake.post("/v1/escalations/batch", {"items": part})) for part in parts]


async def test_a_critical_one_of_another_source_does_not_wait_behind_a_flood(intake: Intake) -> None:
    flooding = flood(intake, FLOOD)
    await asyncio.sleep(0)
    asked: list[dict[str, Any]] = [{"severity": "low"}, {"severity": "critical"}, {"policy_area": "child_safety"}]
    others = await asyncio.gather(*(intake.escalate("other-tool", **one) for one in asked))
    low, critical, by_default = (answer["case_id"] for answer in others)
    answers = await asyncio.gather(*flooding)

    assert {one["status"] for answer in answers for one in answer.json()["results"]} == {202}
    admitted = await order(intake)
    assert len(admitted) == FLOOD + 3
    places = [admitted.index(one) for one in (critical, by_default, low)]
    assert max(places) <= 3 * BATCH, "sources take turns, also at the lowest severity"
    assert places == sorted(places), "critical ones first, also where the policy area says so"


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for no more than a hundred of each source."""
    from services.intake import acceptor

    monkeypatch.setattr(acceptor, "Bounds", lambda: Bounds(entries=100))


async def test_beyond_its_bound_only_the_flooding_source_is_refused(
    database: OpenDatabase, tmp_path: Path, files: dict[str, Any], narrow: None
) -> None:
    async with running(await database("intake"), tmp_path / "config", files) as intake:
        flooding = flood(intake, 500)
        others = [intake.escalate("other-tool", severity="low") for _ in range(20)]
        taken = await asyncio.gather(*others)
        results = [one for task in flooding for one in (await task).json()["results"]]
        alone = await asyncio.gather(*(intake.post("/v1/escalations", escalation()) for _ in range(300)))

        assert {answer["status"] for answer in taken} == {"accepted"}
        assert {one["status"] for one in results} == {202, 429}
        refused = [answer for answer in alone if answer.status_code == 429]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
        statuses = [one["status"] for one in results] + [answer.status_code for answer in alone]
        assert await intake.count("cases") == 20 + statuses.count(202)
