"""Taking escalations in: answers, repetitions, and what is refused."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.case_events import CaseOpened
from shared.contracts.scalars import format_instant
from tests.integration.intake.harness import Intake
from tests.support.caller import escalation
from tests.support.config_dir import key


async def test_a_new_escalation_opens_a_case_that_is_there_at_once(intake: Intake) -> None:
    answer = await intake.post("/v1/escalations", escalation(external_id="rpt-1"))

    body = answer.json()
    case_id = body["case_id"]
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/cases/{case_id}"
    assert (body["status"], body["version"]) == ("accepted", 1)
    assert body["links"] == {
        "case": f"/v1/cases/{case_id}",
        "timeline": f"/v1/cases/{case_id}/timeline",
        "routing": f"/v1/cases/{case_id}/routing",
        "clocks": f"/v1/cases/{case_id}/clocks",
    }
    case = await intake.case(case_id)
    assert (case["status"], case["source"], case["external_id"]) == ("open", "report-tool", "rpt-1")
    assert (case["severity"], case["graphic"], case["reports"]) == ("high", 2, 1)


async def test_the_event_tells_everything_but_what_is_private(intake: Intake) -> None:
    case_id = await intake.open_case(
        description="graphic words",
        evidence=[{"type": "url", "value": "https://evidence.test/1"}],
        reporter={"type": "authority", "id": "u-1", "name": "Jane Reporter"},
        legal_orders=[{"clock": "eu.tco.art3", "reference": "BKA-1"}],
        stakeholders=[{"address": "desk@example.org", "language": "de"}],
        excluded_specialists=["ben", "nobody"],
    )

    (event,) = await intake.events(case_id)

    assert isinstance(event, CaseOpened)
    assert event.case.legal_orders[0].received_at == event.case.received_at
    assert event.case.excluded_specialists == ("ben", "nobody")
    assert event.change.stakeholders[0].address == "desk@example.org"
    text = event.payload().decode()
    assert not any(word in text for word in ("graphic words", "evidence.test", "Jane Reporter", "u-1"))


async def test_the_same_body_again_is_a_repetition_whatever_the_order_of_its_keys(intake: Intake) -> None:
    sent = escalation(labels={"a": "1", "b": "2"})
    first = (await intake.post("/v1/escalations", sent)).json()

    again = await intake.post("/v1/escalations", dict(reversed(sent.items())))

    assert again.status_code == 200
    assert again.json() == {**first, "status": "duplicate"}
    assert again.headers["location"] == f"/v1/cases/{first['case_id']}"
    assert await intake.count("cases") == 1


async def test_another_body_under_the_same_id_is_a_conflict(intake: Intake) -> None:
    sent = escalation()
    await intake.post("/v1/escalations", sent)

    other = await intake.post("/v1/escalations", {**sent, "severity": "high"})

    assert other.status_code == 409
    assert other.json()["type"] == "/problems/external-id-conflict"


async def test_ids_are_unique_per_source(intake: Intake) -> None:
    sent = escalation()
    first = await intake.post("/v1/escalations", sent, "report-tool")
    second = await intake.post("/v1/escalations", sent, "other-tool")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["case_id"] != second.json()["case_id"]


UNUSABLE: list[tuple[dict[str, Any], list[Any]]] = [
    ({"summary": ""}, ["summary"]),
    ({"summary": "a\x00b"}, ["summary"]),
    ({"summary": 7}, ["summary"]),
    ({"external_id": "x" * 201}, ["external_id"]),
    ({"policy_area": "nonsense"}, ["policy_area"]),
    ({"language": "not a tag"}, ["language"]),
    ({"region": "mx"}, ["region"]),
    ({"region": "EU"}, ["region"]),
    ({"severity": "awful"}, ["severity"]),
    ({"graphic": 4}, ["graphic"]),
    ({"graphic": "1"}, ["graphic"]),
    ({"graphic": True}, ["graphic"]),
    ({"received_at": "2026-01-01T00:00:00"}, ["received_at"]),
    ({"received_at": "9999-12-31T23:59:59-12:00"}, ["received_at"]),
    ({"received_at": 1700000000}, ["received_at"]),
    ({"subject": {"type": "planet", "id": "x"}}, ["subject", "type"]),
    ({"subject": {"type": "post"}}, ["subject", "id"]),
    ({"evidence": [{"type": "url", "value": "x"}] * 101}, ["evidence"]),
    ({"legal_orders": [{"clock": "none.such", "reference": "1"}]}, ["legal_orders", 0, "clock"]),
    ({"stakeholders": [{"address": "a@elsewhere.test"}]}, ["stakeholders", 0, "address"]),
    ({"stakeholders": [{"address": "nonsense"}]}, ["stakeholders", 0, "address"]),
    ({"reach": {"impressions": 2**63}}, ["reach", "impressions"]),
    ({"labels": {str(n): "v" for n in range(33)}}, ["labels"]),
    ({"labels": {"k": 1}}, ["labels", "k"]),
    ({"surprise": 1}, ["surprise"]),
    ({"received_at": format_instant(datetime.now(UTC) - timedelta(days=31))}, ["received_at"]),
    ({"received_at": format_instant(datetime.now(UTC) + timedelta(hours=6))}, ["received_at"]),
]


async def test_what_cannot_be_used_is_named_one_by_one(intake: Intake) -> None:
    for fields, named in UNUSABLE:
        answer = await intake.post("/v1/escalations", escalation(**fields))

        assert answer.status_code == 422, (fields, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"
        assert ["body", *named] in [error["loc"] for error in answer.json()["errors"]]
    assert await intake.count("cases") == 0


async def test_an_unpaired_surrogate_is_named_too(intake: Intake) -> None:
    raw = json.dumps(escalation()).replace("A threat", "\\ud800")

    answer = await _raw(intake, raw.encode())

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["body", "summary"]


async def test_a_body_that_is_no_object_is_no_fault_of_ours(intake: Intake) -> None:
    for raw in (b"", b"{", b"[]", b"null", b"\xff", b'{"a": NaN}', b"[" * 100_000, b'{"summary": 1e999}'):
        assert (await _raw(intake, raw)).status_code == 422, raw[:20]


async def test_policy_area_unknown_is_known(intake: Intake) -> None:
    case = await intake.case(await intake.open_case(policy_area="unknown", language="und", region="ZZ"))

    assert (case["severity"], case["graphic"]) == ("medium", 0)


async def test_a_repetition_is_one_even_when_its_instant_has_gone_out_of_range(intake: Intake) -> None:
    sent = escalation(received_at=format_instant(datetime.now(UTC) - timedelta(days=29)))
    case_id = (await intake.post("/v1/escalations", sent)).json()["case_id"]
    intake.db.offset = timedelta(days=2)

    again = await intake.post("/v1/escalations", sent)

    assert (again.status_code, again.json()["case_id"]) == (200, case_id)


async def test_the_trace_of_a_request_goes_on_in_its_event(intake: Intake) -> None:
    trace = "0af7651916cd43dd8448eb211c80319c"
    sent = escalation(subject={"type": "post", "id": "p"})
    for body in (sent, {**sent, "external_id": "another"}):
        await intake.post("/v1/escalations", body, traceparent=f"00-{trace}-b7ad6b7169203331-01")

    async with intake.db.connection() as connection:
        rows = await connection.fetch("SELECT headers FROM outbox")

    assert len(rows) == 2
    assert {row["headers"]["traceparent"].split("-")[1] for row in rows} == {trace}


async def test_an_idempotency_key_gives_the_same_answer_again(intake: Intake) -> None:
    sent = escalation()
    first = await intake.post("/v1/escalations", sent, **{"Idempotency-Key": "k-1"})
    again = await intake.post("/v1/escalations", sent, **{"Idempotency-Key": "k-1"})
    other = await intake.post("/v1/escalations", escalation(), **{"Idempotency-Key": "k-1"})

    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 422)
    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert "idempotency-replayed" not in first.headers
    assert await intake.count("cases") == 1


async def test_one_key_many_times_at_one_instant_is_answered_alike(intake: Intake) -> None:
    sent = escalation(subject={"type": "post", "id": "p"})
    joining = escalation(subject={"type": "post", "id": "p"})

    first = await asyncio.gather(
        *(intake.post("/v1/escalations", sent, **{"Idempotency-Key": "one"}) for _ in range(12))
    )
    second = await asyncio.gather(
        *(intake.post("/v1/escalations", joining, **{"Idempotency-Key": "two"}) for _ in range(12))
    )

    for answers, status in ((first, "accepted"), (second, "grouped")):
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.text for answer in answers}) == 1
        assert answers[0].json()["status"] == status
        assert sum("idempotency-replayed" in answer.headers for answer in answers) == 11
    assert (await intake.count("cases"), await intake.count("reports")) == (1, 2)


async def test_a_refusal_is_not_kept_under_its_key(intake: Intake) -> None:
    sent = escalation()
    await intake.post("/v1/escalations", sent)
    key_header = {"Idempotency-Key": "k"}

    conflict = await intake.post("/v1/escalations", {**sent, "summary": "other"}, **key_header)
    fine = await intake.post("/v1/escalations", escalation(), **key_header)

    assert (conflict.status_code, fine.status_code) == (409, 202)


async def test_without_the_scope_nothing_is_taken(intake: Intake) -> None:
    assert (await intake.post("/v1/escalations", escalation(), "ana")).status_code == 403


async def test_what_was_answered_is_counted(intake: Intake) -> None:
    sent = escalation()
    await intake.post("/v1/escalations", sent)
    await intake.post("/v1/escalations", sent)
    await intake.post("/v1/escalations", {**sent, "summary": "other"})

    def counted(status: str) -> float | None:
        labels = {"source": "report-tool", "status": status}
        return intake.metrics.registry.get_sample_value("tocsin_escalations_total", labels)

    assert [counted(status) for status in ("accepted", "duplicate", "rejected")] == [1, 1, 1]
    scraped = (await intake.get("/metrics")).text
    assert 'tocsin_cases_open{severity="high"} 1.0' in scraped
    assert 'tocsin_cases_open{severity="low"} 0.0' in scraped


async def _raw(intake: Intake, body: bytes) -> Any:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key('report-tool')}"}
    return await intake.client("report-tool").post("/v1/escalations", content=body, headers=headers)
