"""Many escalations in one request, each on its own."""

import asyncio
import json

from tests.integration.intake.harness import Intake
from tests.support.caller import escalation


async def test_every_item_has_its_own_result(intake: Intake) -> None:
    known = escalation()
    await intake.post("/v1/escalations", known)
    items = [
        escalation(),
        known,
        {**known, "summary": "other"},
        escalation(summary=""),
        escalation(subject={"type": "post", "id": "p-1"}),
        escalation(subject={"type": "post", "id": "p-1"}),
        "nonsense",
    ]

    answer = await intake.post("/v1/escalations/batch", {"items": items})

    assert answer.status_code == 207
    results = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(7))
    assert [result["status"] for result in results] == [202, 200, 409, 422, 202, 202, 422]
    assert [results[place]["body"]["status"] for place in (0, 1, 4, 5)] == [
        "accepted",
        "duplicate",
        "accepted",
        "grouped",
    ]
    assert results[2]["body"]["type"] == "/problems/external-id-conflict"
    assert results[3]["body"]["errors"][0]["loc"] == ["body", "summary"]
    assert results[0]["body"]["links"]["case"] == f"/v1/cases/{results[0]['body']['case_id']}"


async def test_one_with_an_unpaired_surrogate_spoils_only_itself(intake: Intake) -> None:
    body = json.dumps({"items": [escalation(), escalation(summary="\ud800"), escalation()]}).encode()
    headers = {"Content-Type": "application/json"}

    answer = await intake.client("report-tool").post("/v1/escalations/batch", content=body, headers=headers)

    assert [result["status"] for result in answer.json()["results"]] == [202, 422, 202]


async def test_five_hundred_at_once_and_no_more(intake: Intake) -> None:
    full = await intake.post("/v1/escalations/batch", {"items": [escalation() for _ in range(500)]})
    none = await intake.post("/v1/escalations/batch", {"items": []})
    over = await intake.post("/v1/escalations/batch", {"items": [escalation() for _ in range(501)]})

    assert {result["status"] for result in full.json()["results"]} == {202}
    assert (none.status_code, over.status_code) == (422, 422)
    assert await intake.count("cases") == 500


async def test_the_same_key_gives_the_same_results(intake: Intake) -> None:
    items = {"items": [escalation() for _ in range(20)]}
    headers = {"Idempotency-Key": "batch-1"}

    answers = await asyncio.gather(*(intake.post("/v1/escalations/batch", items, **headers) for _ in range(3)))
    later = await intake.post("/v1/escalations/batch", items, **headers)
    other = await intake.post("/v1/escalations/batch", {"items": [escalation()]}, **headers)

    assert {answer.status_code for answer in answers} == {207}
    assert all(answer.json() == answers[0].json() for answer in [*answers, later])
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 2
    assert other.status_code == 422
    assert await intake.count("cases") == 20
