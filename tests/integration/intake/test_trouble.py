"""Two instances at once, a database that is away, and callers who send nonsense."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import quote

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.commands import COMMANDS
from tests.conftest import OpenDatabase
from tests.integration.intake.harness import Intake, running
from tests.support.caller import escalation


async def test_two_instances_make_one_case_of_one_subject(
    database: OpenDatabase, tmp_path: Path, files: dict[str, Any]
) -> None:
    subject = {"type": "account", "id": "a-1"}
    async with (
        running(await database("intake"), tmp_path / "one", files) as one,
        running(await database("intake"), tmp_path / "two", files) as two,
    ):
        same = escalation(subject=subject)
        answers = await asyncio.gather(
            *(intake.escalate(subject=subject) for intake in (one, two) for _ in range(25)),
            *(intake.escalate(**same) for intake in (one, two) for _ in range(5)),
        )

        assert len({answer["case_id"] for answer in answers}) == 1
        case_id = answers[0]["case_id"]
        assert (await one.case(case_id))["reports"] == 51
        assert len(await two.events(case_id)) == 51
        statuses = [answer["status"] for answer in answers]
        assert (statuses.count("accepted"), statuses.count("duplicate")) == (1, 9)


async def test_one_that_cannot_be_written_fails_alone(intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.intake.store import reports

    write = reports.add

    async def refuse_poison(tx: Any, stored: Any) -> None:
        if any(report.external_id == "poison" for report in stored):
            raise ValueError("this one cannot be written")
        await write(tx, stored)

    monkeypatch.setattr(reports, "add", refuse_poison)
    bodies = [escalation() for _ in range(10)] + [escalation(external_id="poison")]

    answers = await asyncio.gather(*(intake.post("/v1/escalations", body) for body in bodies))

    assert [answer.status_code for answer in answers] == [202] * 10 + [500]
    assert await intake.count("cases") == 10


async def test_without_a_database_nothing_is_accepted_and_all_is_well_afterwards(
    intake: Intake, database_url: str
) -> None:
    await intake.open_case()
    name = database_url.rpartition("/")[2]
    admin = await asyncpg.connect(database_url.rpartition("/")[0] + "/postgres")
    try:
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        await admin.execute(f"ALTER DATABASE {name} RENAME TO {name}_away")

        refused = [
            await intake.post("/v1/escalations", escalation()),
            await intake.post("/v1/escalations", escalation(), **{"Idempotency-Key": "k"}),
            await intake.get("/v1/cases"),
        ]
        batch = await intake.post("/v1/escalations/batch", {"items": [escalation()]})
    finally:
        await admin.execute(f"ALTER DATABASE {name}_away RENAME TO {name}")
        await admin.close()

    assert [answer.status_code for answer in refused] == [503, 503, 503]
    assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)
    assert batch.json()["results"][0]["status"] == 503
    await intake.open_case()
    assert await intake.count("cases") == 2


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
_WORDS = "severity graphic received_at subject evidence reporter legal_orders reach stakeholders labels description"
_FIELDS = st.sampled_from([*escalation(), *_WORDS.split(), "reason", "until", "to", "occurred_at", "regions", "scope"])
QUIETLY = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@QUIETLY
@given(changes=st.dictionaries(_FIELDS, _JSON, max_size=3))
async def test_no_escalation_makes_a_fault_of_ours(intake: Intake, changes: dict[str, Any]) -> None:
    answer = await intake.post("/v1/escalations", {**escalation(), **changes})

    assert answer.status_code in (200, 202, 409, 422), answer.text


@QUIETLY
@given(name=st.sampled_from([kind.name for kind in COMMANDS]), body=st.dictionaries(_FIELDS, _JSON, max_size=4))
async def test_no_command_makes_a_fault_of_ours(intake: Intake, name: str, body: dict[str, Any]) -> None:
    cases = await intake.items("/v1/cases", limit=1)
    case_id = cases[0]["case_id"] if cases else await intake.open_case()

    answer = await intake.post(f"/v1/cases/{case_id}/{name}", {"reason": "because", "text": "words", **body}, "ana")

    assert answer.status_code in (200, 409, 422), answer.text


@QUIETLY
@given(
    value=st.text(max_size=20) | st.integers().map(str),
    name=st.sampled_from(["q", "source", "limit", "cursor", "status"]),
)
async def test_no_query_makes_a_fault_of_ours(intake: Intake, name: str, value: str) -> None:
    encoded = quote(value.encode("utf-8", "surrogatepass"))

    answer = await intake.get(f"/v1/cases?{name}={encoded}")

    assert answer.status_code in (200, 422), answer.text
