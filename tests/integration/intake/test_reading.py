"""Lists, pages, filters, and what a source may see."""

import base64
from typing import Any

from tests.integration.intake.harness import Intake
from tests.support.caller import escalation


async def test_cases_come_newest_first_and_pages_do_not_move(intake: Intake) -> None:
    ids = [await intake.open_case() for _ in range(7)]
    first = (await intake.get("/v1/cases", limit=3)).json()

    await intake.open_case()
    second = (await intake.get("/v1/cases", limit=3, cursor=first["next_cursor"])).json()
    third = (await intake.get("/v1/cases", limit=3, cursor=second["next_cursor"])).json()

    seen = [item["case_id"] for page in (first, second, third) for item in page["items"]]
    assert seen == ids[::-1]
    assert third["next_cursor"] is None


async def test_an_exactly_full_page_is_the_last(intake: Intake) -> None:
    for _ in range(3):
        await intake.open_case()

    assert (await intake.get("/v1/cases", limit=3)).json()["next_cursor"] is None


async def test_lists_are_narrowed_by_every_filter(intake: Intake) -> None:
    plain = await intake.open_case(external_id="Rpt-50%_x", summary="Nothing much")
    other = await intake.escalate(
        "other-tool",
        severity="low",
        policy_area="hateful_conduct",
        language="de",
        region="DE",
        subject={"type": "post", "id": "Post-77"},
        summary="Ein Drohbrief",
    )
    await intake.command(other["case_id"], "acknowledge")

    async def found(**filters: Any) -> list[str]:
        return [item["case_id"] for item in await intake.items("/v1/cases", **filters)]

    for filters in (
        {"status": "acknowledged"},
        {"severity": "low"},
        {"policy_area": "hateful_conduct"},
        {"language": "de"},
        {"region": "DE"},
        {"source": "other-tool"},
        {"q": "drohBRIEF"},
        {"q": "post-77"},
        {"status": "acknowledged", "severity": "low", "q": "ein"},
    ):
        assert await found(**filters) == [other["case_id"]], filters
    for filters in ({"q": "50%_X"}, {"status": "open"}, {"q": "nothing"}):
        assert await found(**filters) == [plain], filters
    for filters in ({"assignee": "ana"}, {"q": "%"}, {"q": "no such"}, {"status": "open", "severity": "low"}):
        assert await found(**filters) == ([plain] if filters == {"q": "%"} else []), filters
    assert len(await found(status=["open", "acknowledged"])) == 2


async def test_nonsense_in_a_query_is_named(intake: Intake) -> None:
    forged = base64.urlsafe_b64encode(b'["2026-01-01T00:00:00+00:00","nonsense"]').decode().rstrip("=")
    queries = ["status=weird", "severity=1", "limit=0", "limit=201", "limit=x", "limit=1e9", "cursor=%21", "q=%00"]

    for query in [*queries, f"cursor={forged}", "cursor=W10", f"q={'x' * 501}"]:
        assert (await intake.get(f"/v1/cases?{query}")).status_code == 422, query
    case_id = await intake.open_case()
    for part in ("timeline", "notes", "reports"):
        assert (await intake.get(f"/v1/cases/{case_id}/{part}?cursor={forged}")).status_code == 422, part


async def test_reports_keep_what_was_sent(intake: Intake) -> None:
    sent = escalation(
        description="All of it",
        evidence=[{"type": "hash", "value": "abc", "graphic": 2}],
        reporter={"type": "trusted_flagger", "id": "tf-1", "name": "Flaggers"},
        legal_orders=[{"clock": "eu.tco.art3", "reference": "R-1"}],
        stakeholders=[{"address": "a@example.org"}],
        labels={"k": "v"},
        subject={"type": "post", "id": "p-1"},
    )
    case_id = (await intake.post("/v1/escalations", sent)).json()["case_id"]
    await intake.escalate("other-tool", subject=sent["subject"])

    first, second = await intake.items(f"/v1/cases/{case_id}/reports")

    assert {name: first[name] for name in sent if name != "legal_orders"} == {
        name: value for name, value in sent.items() if name != "legal_orders"
    }
    assert first["legal_orders"][0]["received_at"] == first["received_at"]
    assert (first["severity"], first["graphic"], first["source"]) == ("high", 2, "report-tool")
    assert (second["source"], second["description"], second["evidence"]) == ("other-tool", None, [])


async def test_notes_and_reports_go_on_page_by_page(intake: Intake) -> None:
    case_id = await intake.open_case()
    for n in range(5):
        await intake.command(case_id, "note", text=str(n))

    texts, cursor = [], None
    while True:
        answer = (
            await intake.get(f"/v1/cases/{case_id}/notes", **{"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        texts += [item["text"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert texts == ["0", "1", "2", "3", "4"]


async def test_a_source_sees_its_own_and_of_those_little(intake: Intake) -> None:
    subject = {"type": "post", "id": "p-1"}
    mine = await intake.open_case(subject=subject, summary="Mine")
    theirs = (await intake.escalate("other-tool", summary="Theirs"))["case_id"]
    await intake.escalate("other-tool", subject=subject, summary="About the same")
    await intake.command(mine, "note", text="inside", visibility="internal")
    await intake.command(mine, "note", text="for all", visibility="public")
    await intake.command(mine, "act", action="remove", scope="global", reason="x")

    seen = await intake.case(mine, "report-tool")
    assert set(seen) == {"case_id", "status", "outcome", "actions"}
    assert [action["action"] for action in seen["actions"]] == ["remove"]
    assert [note["text"] for note in await intake.items(f"/v1/cases/{mine}/notes", "report-tool")] == ["for all"]
    assert [r["summary"] for r in await intake.items(f"/v1/cases/{mine}/reports", "report-tool")] == ["Mine"]
    assert [r["summary"] for r in await intake.items(f"/v1/cases/{mine}/reports", "other-tool")] == ["About the same"]
    assert [case["case_id"] for case in await intake.items("/v1/cases", "report-tool")] == [mine]
    assert {case["case_id"] for case in await intake.items("/v1/cases", "other-tool")} == {mine, theirs}
    for part in ("", "/notes", "/reports"):
        assert (await intake.get(f"/v1/cases/{theirs}{part}", "report-tool")).status_code == 404
    assert (await intake.get(f"/v1/cases/{mine}/timeline", "report-tool")).status_code == 403
    assert (await intake.post(f"/v1/cases/{mine}/acknowledge", {}, "report-tool")).status_code == 403


async def test_a_source_searches_in_its_own_reports_only(intake: Intake) -> None:
    subject = {"type": "post", "id": "p-1"}
    case_id = await intake.open_case(subject=subject, summary="Mine")
    await intake.escalate("other-tool", subject=subject, summary="Another view")

    assert [c["case_id"] for c in await intake.items("/v1/cases", "other-tool", q="another", status="open")] == [
        case_id
    ]
    assert await intake.items("/v1/cases", "other-tool", q="mine") == []
    assert (await intake.get("/v1/cases", "other-tool", assignee="ana")).status_code == 403


async def test_keys_and_scopes(intake: Intake) -> None:
    case_id = await intake.open_case()
    nobody = await intake.client("report-tool").get(
        f"/v1/cases/{case_id}", headers={"Authorization": "Bearer nonsense"}
    )

    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    assert (await intake.get(f"/v1/cases/{case_id}", "lead")).status_code == 200


async def test_the_case_has_its_version_as_etag(intake: Intake) -> None:
    case_id = await intake.open_case()

    answer = await intake.get(f"/v1/cases/{case_id}")

    assert answer.headers["etag"] == '"1"'
    assert set(answer.json()) >= {
        *("case_id", "version", "status", "source", "external_id", "reports", "summary", "policy_area", "language"),
        *("region", "severity", "graphic", "subject", "reporter_type", "labels", "received_at", "created_at"),
        *("acknowledged_at", "resolved_at", "assignee", "waiting_reason", "pend_reason", "outcome", "actions"),
    }


async def test_the_taxonomy_is_shown_as_configured(intake: Intake) -> None:
    taxonomy = (await intake.get("/v1/taxonomy", "report-tool")).json()

    assert taxonomy["policy_areas"]["child_safety"]["certification"] == "child_safety"
    assert taxonomy["actions"]["suspend"]["two_person"] is True
    clocks = {clock["id"]: clock for clock in taxonomy["clocks"]}
    assert clocks["eu.tco.art3"]["target"] == "PT1H"
    assert clocks["acknowledge"]["targets"]["critical"]["target"] == "PT5M"


async def test_the_timeline_tells_own_events_at_once(intake: Intake) -> None:
    case_id = await intake.open_case()
    await intake.command(case_id, "acknowledge")

    entries = await intake.items(f"/v1/cases/{case_id}/timeline")

    assert [(e["type"], e["source"], e["sequence"]) for e in entries] == [
        ("tocsin.case.opened", "/tocsin/intake", 1),
        ("tocsin.case.acknowledged", "/tocsin/intake", 2),
    ]
    assert entries[1]["actor"] == {"kind": "person", "id": "ana"}
    assert entries[1]["change"] == {"by": "ana"}
