"""Reports of one subject meet in one case, also at one instant."""

import asyncio
from typing import Any

from shared.contracts.case_events import CaseReclassified, CaseReportAdded
from tests.integration.intake.harness import Intake
from tests.support.caller import escalation

SUBJECT = {"type": "post", "id": "p-1", "url": "https://x.test/p-1"}


async def test_a_report_about_the_same_subject_joins_the_case(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT, severity="low", graphic=0)

    second = await intake.escalate("other-tool", subject={"type": "post", "id": "p-1"}, severity="low", graphic=0)

    assert second["case_id"] == case_id
    assert (second["status"], second["version"]) == ("grouped", 2)
    case = await intake.case(case_id)
    assert (case["reports"], case["version"], case["source"]) == (2, 2, "report-tool")
    assert await intake.types(case_id) == ["opened", "report_added"]
    assert [item["source"] for item in await intake.items(f"/v1/cases/{case_id}/reports")] == [
        "report-tool",
        "other-tool",
    ]


async def test_another_policy_area_or_type_is_another_case(intake: Intake) -> None:
    first = await intake.escalate(subject=SUBJECT)
    other_area = await intake.escalate(subject=SUBJECT, policy_area="hateful_conduct")
    other_type = await intake.escalate(subject={**SUBJECT, "type": "account"})

    assert len({answer["case_id"] for answer in (first, other_area, other_type)}) == 3


async def test_a_worse_report_raises_the_case(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT, severity="low", graphic=1)

    answer = await intake.escalate(subject=SUBJECT, severity="critical", graphic=0)

    assert answer["version"] == 3
    case = await intake.case(case_id)
    assert (case["severity"], case["graphic"]) == ("critical", 1)
    _, added, raised = await intake.events(case_id)
    assert isinstance(added, CaseReportAdded)
    assert isinstance(raised, CaseReclassified)
    assert (raised.change.cause, raised.change.before.severity, raised.case.severity) == ("report", "low", "critical")
    assert (added.case.reports, added.case.version, raised.case.version) == (2, 2, 3)


async def test_orders_are_known_by_clock_and_reference_and_stakeholders_by_address(intake: Intake) -> None:
    order = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": "2026-01-01T00:00:00Z"}
    case_id = await intake.open_case(
        subject=SUBJECT, legal_orders=[order], stakeholders=[{"address": "a@example.org", "language": "de"}]
    )

    await intake.escalate(
        subject=SUBJECT,
        legal_orders=[{**order, "received_at": "2026-01-02T00:00:00Z"}, {**order, "reference": "BKA-2"}],
        stakeholders=[{"address": "A@example.org"}, {"address": "b@example.org"}],
        reporter={"type": "authority"},
        excluded_specialists=["ben"],
    )

    case = (await intake.events(case_id))[-1].case
    assert case is not None
    assert [(o.reference, o.received_at.day) for o in case.legal_orders] == [("BKA-1", 1), ("BKA-2", 1)]
    assert (case.reporter_types, case.excluded_specialists) == (("authority",), ("ben",))
    await intake.command(case_id, "update", text="We look into it.")
    update: Any = (await intake.events(case_id))[-1]
    assert [s.address for s in update.change.stakeholders] == ["a@example.org", "b@example.org"]


async def test_many_at_one_instant_become_one_case(intake: Intake) -> None:
    answers = await asyncio.gather(*(intake.escalate(subject=SUBJECT) for _ in range(40)))

    assert len({answer["case_id"] for answer in answers}) == 1
    assert sorted(answer["status"] for answer in answers) == ["accepted"] + ["grouped"] * 39
    case_id = answers[0]["case_id"]
    case = await intake.case(case_id)
    assert (case["reports"], case["version"]) == (40, 40)
    assert await intake.types(case_id) == ["opened"] + ["report_added"] * 39
    assert sorted(answer["version"] for answer in answers) == list(range(1, 41))


async def test_the_same_escalation_many_times_at_one_instant_is_one(intake: Intake) -> None:
    sent = escalation()

    answers = await asyncio.gather(*(intake.post("/v1/escalations", sent) for _ in range(40)))

    assert sorted(answer.status_code for answer in answers) == [200] * 39 + [202]
    assert len({answer.json()["case_id"] for answer in answers}) == 1
    assert (await intake.count("cases"), await intake.count("reports")) == (1, 1)


async def test_subjects_and_repetitions_mixed_with_keys_end_in_one_case_each(intake: Intake) -> None:
    bodies = [escalation(subject={"type": "post", "id": f"p-{n % 5}"}) for n in range(50)]
    headers: list[dict[str, str]] = [{"Idempotency-Key": f"k-{n}"} if n % 3 == 0 else {} for n in range(50)]

    answers = await asyncio.gather(
        *(intake.post("/v1/escalations", b, **h) for b, h in zip(bodies, headers, strict=True)),
        *(intake.post("/v1/escalations", b, **h) for b, h in zip(bodies, headers, strict=True)),
    )

    assert {answer.status_code for answer in answers} <= {200, 202}
    assert await intake.count("cases") == 5
    assert await intake.count("reports") == 50
    assert sum([case["reports"] for case in await intake.items("/v1/cases")]) == 50


async def test_a_repetition_of_a_report_that_joined_is_a_repetition(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT)
    joined = escalation(subject=SUBJECT)
    await intake.post("/v1/escalations", joined)

    again = await intake.post("/v1/escalations", joined)
    other = await intake.post("/v1/escalations", {**joined, "summary": "other"})

    assert (again.status_code, again.json()["status"], again.json()["case_id"]) == (200, "duplicate", case_id)
    assert again.json()["version"] == 2
    assert other.status_code == 409
    assert (await intake.case(case_id))["reports"] == 2


async def test_a_resolved_case_takes_no_more_reports(intake: Intake) -> None:
    first = await intake.open_case(subject=SUBJECT)
    await intake.command(first, "resolve", outcome="no_violation", summary="Nothing there")

    second = await intake.escalate(subject=SUBJECT)

    assert second["status"] == "accepted"
    reopened = await intake.command(first, "reopen", kind="error", reason="Wrong")
    third = await intake.escalate(subject=SUBJECT)
    assert reopened["status"] == "open"
    assert third["case_id"] == second["case_id"], "the reopened case lives on without the slot"


async def test_a_reopened_case_takes_its_slot_again_when_it_is_free(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT)
    await intake.command(case_id, "resolve", outcome="violation", summary="Removed")
    await intake.command(case_id, "reopen", kind="appeal", reason="Appeal")

    assert (await intake.escalate(subject=SUBJECT))["case_id"] == case_id


async def test_reclassifying_moves_the_slot(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT)
    await intake.command(case_id, "reclassify", policy_area="hateful_conduct", reason="It is hate")

    old = await intake.escalate(subject=SUBJECT)
    new = await intake.escalate(subject=SUBJECT, policy_area="hateful_conduct")

    assert old["case_id"] != case_id
    assert new["case_id"] == case_id


async def test_reports_and_resolving_at_one_instant_lose_nothing(intake: Intake) -> None:
    case_id = await intake.open_case(subject=SUBJECT)

    async def report() -> dict[str, Any]:
        return await intake.escalate(subject=SUBJECT)

    async def resolve() -> None:
        await intake.command(case_id, "resolve", outcome="violation", summary="Removed")

    await asyncio.gather(*(report() for _ in range(10)), resolve(), *(report() for _ in range(10)))

    assert await intake.count("reports") == 21
    cases = await intake.items("/v1/cases")
    assert sum(case["reports"] for case in cases) == 21
    assert len([case for case in cases if case["status"] != "resolved"]) <= 1
