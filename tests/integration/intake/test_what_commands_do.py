"""What commands do to a case, and what their events say."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from shared.contracts.scalars import format_instant
from tests.integration.intake.harness import Intake
from tests.integration.intake.test_commands import BODIES, case_in
from tests.support.waiting import wait_until


async def test_an_action_of_two_persons_needs_two(intake: Intake) -> None:
    case_id = await intake.open_case()
    suspend = {"action": "suspend", "scope": "global", "reason": "Repeated"}
    proposed = (await intake.command(case_id, "act", **suspend))["actions"][0]
    confirm = {**suspend, "confirms": proposed["action_id"]}

    same = await intake.post(f"/v1/cases/{case_id}/act", confirm, "ana")
    unknown = await intake.post(f"/v1/cases/{case_id}/act", {**suspend, "confirms": str(uuid4())}, "ben")
    wrong = await intake.post(f"/v1/cases/{case_id}/act", {**confirm, "action": "remove", "scope": "global"}, "ben")
    done = (await intake.command(case_id, "act", principal="ben", **confirm))["actions"]
    again = await intake.post(f"/v1/cases/{case_id}/act", confirm, "lead")

    assert (proposed["state"], proposed["by"], proposed["confirmed_by"]) == ("proposed", "ana", None)
    assert [answer.status_code for answer in (same, unknown, wrong, again)] == [409, 422, 409, 409]
    assert [(item["state"], item["by"], item["confirmed_by"]) for item in done] == [("done", "ana", "ben")]
    assert await intake.types(case_id) == ["opened", "action_proposed", "action_taken"]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ({"action": "nonsense"}, "action"),
        ({"action": "suspend", "scope": "geo", "regions": ["DE"]}, "scope"),
        ({"scope": "geo"}, "regions"),
        ({"regions": ["DE"]}, "regions"),
        ({"scope": "geo", "regions": ["EU"]}, "regions"),
        ({"duration": "PT0S"}, "duration"),
        ({"confirms": "nonsense"}, "confirms"),
        ({"reason": ""}, "reason"),
        ({"more": 1}, "more"),
    ],
)
async def test_an_action_that_cannot_be_is_named(intake: Intake, body: dict[str, Any], named: str) -> None:
    case_id = await intake.open_case()

    answer = await intake.post(f"/v1/cases/{case_id}/act", {**BODIES["act"], **body}, "ana")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"][:2] == ["body", named]


async def test_reasons_for_waiting_are_a_set(intake: Intake) -> None:
    case_id = await case_in(intake, "acknowledged")
    await intake.command(case_id, "pend", reason="clarification")
    both = await intake.command(case_id, "pend", reason="translation")
    same = await intake.command(case_id, "pend", reason="translation")
    one = await intake.command(case_id, "resume", reason="clarification")
    none = await intake.command(case_id, "resume")

    assert both["pend_reason"] == "clarification, translation"
    assert same == both
    assert (one["status"], one["pend_reason"]) == ("pending", "translation")
    assert (none["status"], none["pend_reason"]) == ("acknowledged", None)
    changes = [event.change for event in (await intake.events(case_id))[2:]]
    assert [change.reasons for change in changes] == [
        ("clarification",),
        ("clarification", "translation"),
        ("translation",),
        (),
    ]


async def test_a_reason_with_until_ends_by_itself(intake: Intake) -> None:
    case_id = await case_in(intake, "acknowledged")
    until = datetime.now(UTC) + timedelta(seconds=0.4)
    await intake.command(case_id, "pend", reason="cooling", until=format_instant(until))

    async def acknowledged() -> bool:
        return (await intake.case(case_id))["status"] == "acknowledged"

    await wait_until(acknowledged, what="the case resumed")
    event = (await intake.events(case_id))[-1]
    assert event.type == "tocsin.case.resumed"
    assert (event.occurred_at, event.actor.kind, event.actor.id) == (until, "system", "intake")
    assert until <= event.recorded_at < until + timedelta(seconds=2)


async def test_until_lies_ahead(intake: Intake) -> None:
    case_id = await case_in(intake, "acknowledged")

    answer = await intake.post(
        f"/v1/cases/{case_id}/pend", {"reason": "x", "until": format_instant(datetime.now(UTC))}, "ana"
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "until"]


async def test_a_transfer_from_pending_ends_the_waiting_first(intake: Intake) -> None:
    case_id = await case_in(intake, "pending")

    case = await intake.command(case_id, "transfer", to={"pool": "latam"}, reason="Spanish")

    assert (case["status"], case["acknowledged_by"], case["pend_reason"]) == ("open", None, None)
    assert (await intake.types(case_id))[-2:] == ["resumed", "transferred"]


async def test_a_transfer_obeys_certification_and_conflict(intake: Intake, files: dict[str, Any]) -> None:
    restricted = await intake.open_case(policy_area="child_safety", excluded_specialists=["ana"])

    async def to(case_id: str, principal: str = "lead", **target: str) -> Any:
        body = {"to": target, "reason": "Please"}
        return await intake.post(f"/v1/cases/{case_id}/transfer", body, principal)

    excluded = await to(restricted, specialist="ana")
    unknown = await to(restricted, specialist="nobody")
    pool = await to(restricted, pool="none")
    both = await to(restricted, specialist="ben", pool="latam")
    fine = await to(restricted, specialist="ben")
    override = await intake.post(
        f"/v1/cases/{restricted}/transfer",
        {"to": {"specialist": "ben"}, "reason": "x", "override_exposure": True},
        "ana",
    )

    assert (excluded.status_code, excluded.json()["type"]) == (409, "/problems/conflict-of-interest")
    assert (unknown.status_code, unknown.json()["errors"][0]["loc"]) == (422, ["body", "to", "specialist"])
    assert (pool.status_code, pool.json()["errors"][0]["loc"]) == (422, ["body", "to", "pool"])
    assert (both.status_code, fine.status_code, override.status_code) == (422, 200, 403)


async def test_reclassifying_tells_before_and_after(intake: Intake) -> None:
    case_id = await intake.open_case()

    same = await intake.command(case_id, "reclassify", severity="high", reason="As it is")
    case = await intake.command(case_id, "reclassify", severity="low", region="BR", language="pt", reason="Milder")
    nothing = await intake.post(f"/v1/cases/{case_id}/reclassify", {"reason": "x"}, "ana")
    unknown = await intake.post(f"/v1/cases/{case_id}/reclassify", {"policy_area": "no", "reason": "x"}, "ana")

    assert same["version"] == 1
    assert (case["severity"], case["region"], case["language"], case["graphic"]) == ("low", "BR", "pt", 2)
    change: Any = (await intake.events(case_id))[-1].change
    assert (change.before.severity, change.after.severity, change.cause) == ("high", "low", "command")
    assert (nothing.status_code, unknown.status_code) == (422, 422)


async def test_a_resolved_case_keeps_how_it_ended_until_it_is_reopened(intake: Intake) -> None:
    case_id = await case_in(intake, "pending")

    ended = await intake.command(
        case_id, "resolve", outcome="violation", summary="Removed worldwide", root_cause="A raid"
    )
    again = await intake.command(case_id, "reopen", kind="new_evidence", reason="More came up")

    assert (ended["outcome"], ended["resolution"]["summary"], ended["pend_reason"]) == (
        "violation",
        "Removed worldwide",
        None,
    )
    assert ended["resolved_at"] is not None
    assert (again["status"], again["outcome"], again["resolved_at"], again["acknowledged_at"]) == (
        "open",
        None,
        None,
        None,
    )


async def test_note_texts_stay_inside(intake: Intake) -> None:
    case_id = await intake.open_case()

    await intake.command(case_id, "note", text="A secret word", visibility="internal")

    event = (await intake.events(case_id))[-1]
    assert "A secret word" not in event.payload().decode()
    (note,) = await intake.items(f"/v1/cases/{case_id}/notes")
    assert (note["text"], note["visibility"], note["by"]) == ("A secret word", "internal", "ana")
    assert set(note) == {"note_id", "text", "visibility", "by", "at"}


async def test_recorded_at_never_goes_back(intake: Intake) -> None:
    case_id = await intake.open_case()
    intake.db.offset = timedelta(hours=1)
    await intake.command(case_id, "note", text="later")
    intake.db.offset = timedelta(0)
    await intake.command(case_id, "note", text="the clock went back")

    recorded = [event.recorded_at for event in await intake.events(case_id)]
    assert recorded == sorted(recorded)
