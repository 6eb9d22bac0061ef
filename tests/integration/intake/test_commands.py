"""Commands on cases over HTTP: states, versions, keys, who may, and what the events say."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from services.intake.commands import COMMANDS
from shared.contracts.scalars import format_instant
from tests.integration.intake.harness import Intake

STATES = ("open", "acknowledged", "pending", "resolved")
BODIES: dict[str, dict[str, Any]] = {
    "acknowledge": {},
    "pend": {"reason": "clarification"},
    "resume": {},
    "act": {"action": "remove", "scope": "global", "reason": "It breaks the rules"},
    "reclassify": {"severity": "critical", "reason": "It is worse"},
    "transfer": {"to": {"specialist": "ben"}, "reason": "German"},
    "update": {"text": "We look into it."},
    "note": {"text": "Seen before.", "visibility": "internal"},
    "resolve": {"outcome": "violation", "summary": "Removed"},
    "reopen": {"kind": "appeal", "reason": "They object"},
}
AFTERWARDS: dict[str, tuple[str | None, ...]] = {
    # from open, acknowledged (by ana), pending, resolved; None: 409
    "acknowledge": ("acknowledged", "acknowledged", None, None),
    "pend": (None, "pending", "pending", None),
    "resume": (None, None, "acknowledged", None),
    "act": ("open", "acknowledged", "pending", None),
    "reclassify": ("open", "acknowledged", "pending", None),
    "transfer": ("open", "open", "open", None),
    "update": ("open", "acknowledged", "pending", None),
    "note": ("open", "acknowledged", "pending", "resolved"),
    "resolve": ("resolved", "resolved", "resolved", None),
    "reopen": (None, None, None, "open"),
}


async def case_in(intake: Intake, status: str) -> str:
    """The id of a case in that state, acknowledged by ana where it is."""
    case_id = await intake.open_case()
    if status in ("acknowledged", "pending"):
        await intake.command(case_id, "acknowledge")
    if status == "pending":
        await intake.command(case_id, "pend", reason="waiting")
    if status == "resolved":
        await intake.command(case_id, "resolve", outcome="no_violation", summary="Nothing")
    return case_id


async def test_every_command_in_every_state_does_what_the_table_says(intake: Intake) -> None:
    assert {kind.name for kind in COMMANDS} == set(AFTERWARDS)
    for name, row in AFTERWARDS.items():
        for state, expected in zip(STATES, row, strict=True):
            case_id = await case_in(intake, state)
            before = await intake.case(case_id)

            answer = await intake.post(f"/v1/cases/{case_id}/{name}", BODIES[name], "ana")

            if expected is None:
                assert answer.status_code == 409, (name, state, answer.text)
                assert answer.json()["type"] == "/problems/illegal-transition"
                assert await intake.case(case_id) == before
            else:
                assert answer.status_code == 200, (name, state, answer.text)
                assert answer.json()["status"] == expected, (name, state)
                assert answer.headers["etag"] == f'"{answer.json()["version"]}"'
                assert answer.json() == await intake.case(case_id)
                assert answer.json()["version"] == len(await intake.events(case_id))


async def test_acknowledging_twice_changes_nothing_and_another_takes_over(intake: Intake) -> None:
    case_id = await intake.open_case()
    first = await intake.command(case_id, "acknowledge")

    again = await intake.command(case_id, "acknowledge")
    other = await intake.command(case_id, "acknowledge", principal="ben")

    assert again == first
    assert (other["version"], other["acknowledged_by"]) == (3, "ben")
    assert await intake.types(case_id) == ["opened", "acknowledged", "acknowledged"]


async def test_a_body_may_be_left_out_where_nothing_in_it_is_required(intake: Intake) -> None:
    case_id = await intake.open_case()

    answer = await intake.client("ana").post(f"/v1/cases/{case_id}/acknowledge")

    assert (answer.status_code, answer.json()["status"]) == (200, "acknowledged")


async def test_the_version_asked_for_must_be_the_case_s(intake: Intake) -> None:
    case_id = await intake.open_case()
    path = f"/v1/cases/{case_id}/acknowledge"

    stale = await intake.post(path, {}, "ana", **{"If-Match": '"7"'})
    nonsense = await intake.post(path, {}, "ana", **{"If-Match": "1"})
    taken = await intake.post(path, {}, "ana", **{"If-Match": '"1"'})
    any_version = await intake.post(path, {}, "ben", **{"If-Match": "*"})

    assert [answer.status_code for answer in (stale, nonsense, taken, any_version)] == [412, 412, 200, 200]


async def test_of_two_with_one_version_one_wins(intake: Intake) -> None:
    case_id = await intake.open_case()
    match = {"If-Match": '"1"'}

    answers = await asyncio.gather(
        *(intake.post(f"/v1/cases/{case_id}/note", {"text": str(n)}, "ana", **match) for n in range(8))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 7
    assert await intake.count("notes") == 1


async def test_a_command_with_a_key_is_done_once(intake: Intake) -> None:
    case_id = await intake.open_case()
    key = {"Idempotency-Key": "n-1"}

    answers = await asyncio.gather(
        *(intake.post(f"/v1/cases/{case_id}/note", {"text": "once"}, "ana", **key) for _ in range(5))
    )

    assert [answer.status_code for answer in answers] == [200] * 5
    assert len({answer.text for answer in answers}) == 1
    assert await intake.count("notes") == 1


async def test_what_is_not_there_is_not_found(intake: Intake) -> None:
    case_id = await intake.open_case()
    paths = [f"/v1/cases/{case_id}/frobnicate", "/v1/cases/nonsense/acknowledge", f"/v1/cases/{uuid4()}/acknowledge"]

    for path in paths:
        assert (await intake.post(path, {}, "ana")).status_code == 404, path
    for path in ("/v1/cases/nonsense", f"/v1/cases/{uuid4()}", f"/v1/cases/{uuid4()}/notes", "/v1/cases/1/timeline"):
        assert (await intake.get(path)).status_code == 404, path


async def test_occurred_at_lies_between_receipt_and_now(intake: Intake) -> None:
    received = datetime.now(UTC) - timedelta(hours=2)
    case_id = await intake.open_case(received_at=format_instant(received))

    for at in (received - timedelta(seconds=1), datetime.now(UTC) + timedelta(minutes=1)):
        answer = await intake.post(f"/v1/cases/{case_id}/acknowledge", {"occurred_at": format_instant(at)}, "ana")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["body", "occurred_at"]
    earlier = received + timedelta(hours=1)
    case = await intake.command(case_id, "acknowledge", occurred_at=format_instant(earlier))

    event = (await intake.events(case_id))[-1]
    assert case["acknowledged_at"] == format_instant(earlier)
    assert event.occurred_at == earlier
    assert event.recorded_at > earlier
