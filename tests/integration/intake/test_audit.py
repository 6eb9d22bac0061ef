"""Every command is in the audit, in the transaction in which it was done, without a word of its text."""

from typing import Any

from tests.integration.intake.harness import Intake


async def entries(intake: Intake) -> list[tuple[str, str, str, Any]]:
    async with intake.db.connection() as connection:
        rows = await connection.fetch("SELECT actor_id, action, subject, detail FROM audit ORDER BY id")
    return [(row["actor_id"], row["action"], row["subject"], row["detail"]) for row in rows]


async def test_what_was_done_to_a_case_is_told_once_and_without_text(intake: Intake) -> None:
    case_id = await intake.open_case()
    await intake.command(case_id, "acknowledge")
    await intake.command(case_id, "acknowledge")
    await intake.command(case_id, "note", text="a secret", visibility="public")
    refused = await intake.post(f"/v1/cases/{case_id}/reopen", {"kind": "error", "reason": "no"}, "ana")
    assert refused.status_code == 409
    await intake.command(case_id, "resolve", outcome="violation", summary="a secret", root_cause="another secret")
    subject = f"case {case_id}"
    assert await entries(intake) == [
        ("ana", "case.acknowledge", subject, {}),
        ("ana", "case.note", subject, {"visibility": "public"}),
        ("ana", "case.resolve", subject, {"outcome": "violation"}),
    ]


async def test_a_repeated_command_is_told_once(intake: Intake) -> None:
    case_id = await intake.open_case()
    for _ in range(2):
        answer = await intake.post(
            f"/v1/cases/{case_id}/note", {"text": "once"}, "ana", **{"Idempotency-Key": "the same"}
        )
        assert answer.status_code == 200
    assert len(await entries(intake)) == 1
