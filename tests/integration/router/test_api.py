"""The HTTP API over a real database (contract sections 3 and 5)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from services.router.app import build
from shared.clock import SystemClock
from shared.runtime.resources import Resources
from shared.settings import Settings
from tests.integration.router.conftest import MakeRouter
from tests.integration.router.routing import Router
from tests.integration.router.tale import Case
from tests.support.caller import escalation
from tests.support.config_dir import key, specialist

EN = {"en": 5}
As = Callable[[str], Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def router(make_router: MakeRouter) -> Router:
    return await make_router(specialist("ana", EN), specialist("ben", {"de": 5}, affiliations=["US"]))


@pytest.fixture
async def http(router: Router) -> AsyncIterator[As]:
    """`await http("ana")` is HTTP with Ana's key."""
    resources = Resources("router", Settings(), SystemClock(), router.db, router.config, router.metrics)
    app = build(Settings(), resources).api
    async with AsyncExitStack() as stack:

        async def client(principal: str) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {key(principal)}"}
            made = httpx.AsyncClient(transport=transport, base_url="http://router", headers=headers)
            return await stack.enter_async_context(made)

        yield client


async def offered(router: Router, **summary: Any) -> tuple[Case, str]:
    """A case that is offered to Ana, and the id of the assignment."""
    case = Case(summary=summary)
    await router.routes(case.opened())
    return case, str((await router.held(case.case_id)).assignment_id)


async def items(client: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_specialists_show_load_and_presence(router: Router, http: As) -> None:
    await offered(router, severity="critical")
    ana = await http("ana")
    everybody = await items(ana, "/v1/specialists")
    assert [one["id"] for one in everybody] == ["ana", "ben"]
    assert everybody[0] == {
        "id": "ana", "name": "Ana", "languages": {"en": 5}, "regions": ["any"], "policy_areas": ["any"],
        "certifications": ["child_safety", "terrorism"], "capacity": 6, "load": 2, "presence": "available",
        "on_shift": True,
    }  # fmt: skip
    assert (await ana.get("/v1/specialists/ben")).json()["load"] == 0
    assert (await ana.get("/v1/specialists/zoe")).status_code == 404
    first = (await ana.get("/v1/specialists", params={"limit": 1})).json()
    assert [one["id"] for one in await items(ana, "/v1/specialists", cursor=first["next_cursor"])] == ["ben"]


async def test_presence_is_said_by_oneself_or_a_lead(router: Router, http: As) -> None:
    case, _ = await offered(router)
    ana, lead = await http("ana"), await http("lead")
    assert (await ana.put("/v1/specialists/ben/presence", json={"state": "away"})).status_code == 403
    assert (await ana.put("/v1/specialists/ana/presence", json={"state": "gone"})).status_code == 422
    assert (await lead.put("/v1/specialists/zoe/presence", json={"state": "away"})).status_code == 404
    answer = await ana.put("/v1/specialists/ana/presence", json={"state": "offline"})
    assert (answer.status_code, answer.json()["presence"], answer.json()["load"]) == (200, "offline", 0)
    assert await router.holder(case.case_id) is None
    answer = await lead.put("/v1/specialists/ana/presence", json={"state": "available"})
    assert answer.json()["presence"] == "available"


async def test_an_offer_is_accepted_once(router: Router, http: As) -> None:
    _, assignment_id = await offered(router)
    ana, ben = await http("ana"), await http("ben")
    accept = f"/v1/assignments/{assignment_id}/accept"
    assert (await ben.post(accept)).status_code == 403
    first, second = await ana.post(accept), await ana.post(accept)
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json() == second.json()
    assert set(first.json()) == {
        "assignment_id", "case_id", "specialist", "state", "offered_at", "expires_at", "ended_at", "reason"
    }  # fmt: skip
    assert first.json()["state"] == "accepted"
    declined = await ana.post(f"/v1/assignments/{assignment_id}/decline", json={"reason": "no"})
    assert (declined.status_code, declined.json()["type"]) == (409, "/problems/assignment-accepted")


async def test_an_offer_that_ended_cannot_be_accepted(router: Router, http: As) -> None:
    _, assignment_id = await offered(router)
    ana = await http("ana")
    declined = await ana.post(f"/v1/assignments/{assignment_id}/decline", json={"reason": "no time"})
    assert (declined.status_code, declined.json()["state"], declined.json()["reason"]) == (200, "declined", "no time")
    answer = await ana.post(f"/v1/assignments/{assignment_id}/accept")
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/assignment-ended")
    assert (await ana.post(f"/v1/assignments/{assignment_id}/decline", json={})).status_code == 422
    assert (await ana.post(f"/v1/assignments/{uuid4()}/accept")).status_code == 404
    assert (await ana.post("/v1/assignments/none/accept")).status_code == 404


async def test_the_same_key_is_done_once(router: Router, http: As) -> None:
    _, assignment_id = await offered(router)
    ana = await http("ana")
    decline = f"/v1/assignments/{assignment_id}/decline"
    headers = {"Idempotency-Key": "k-1"}
    first = await ana.post(decline, json={"reason": "no"}, headers=headers)
    again = await ana.post(decline, json={"reason": "no"}, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json() == again.json()
    assert (await ana.post(decline, json={"reason": "other"}, headers=headers)).status_code == 422


async def test_assignments_are_listed_newest_first_and_narrowed(router: Router, http: As) -> None:
    cases = [(await offered(router))[0] for _ in range(3)]
    await router.accepts(cases[0].case_id)
    ana = await http("ana")
    listed = await items(ana, "/v1/assignments")
    assert [one["case_id"] for one in listed] == [str(case.case_id) for case in reversed(cases)]
    assert len(await items(ana, "/v1/assignments", state="accepted", specialist="ana")) == 1
    assert len(await items(ana, "/v1/assignments", case_id=str(cases[1].case_id))) == 1
    assert await items(ana, "/v1/assignments", specialist="ben") == []
    assert (await ana.get("/v1/assignments", params={"state": "lost"})).status_code == 422
    page = (await ana.get("/v1/assignments", params={"limit": 2})).json()
    rest = await items(ana, "/v1/assignments", limit=2, cursor=page["next_cursor"])
    assert [one["case_id"] for one in rest] == [str(cases[0].case_id)]
    assert (await ana.get("/v1/assignments", params={"cursor": "rubbish"})).status_code == 422


async def test_the_queue_shows_what_waits_and_why(router: Router, http: As) -> None:
    waiting = Case(summary={"severity": "critical", "language": "is", "region": "IS"})
    await router.routes(waiting.opened())
    await offered(router)
    ana = await http("ana")
    (item,) = await items(ana, "/v1/queue")
    assert (item["case_id"], item["outcome"], item["waiting_reason"]) == (
        str(waiting.case_id), "unroutable", "language"
    )  # fmt: skip
    assert item["since"].endswith("Z")
    assert len(await items(ana, "/v1/queue", language="is", region="IS", policy_area="violent_content")) == 1
    assert await items(ana, "/v1/queue", language="en") == []


async def test_decisions_are_explained_newest_first(router: Router, http: As) -> None:
    case, _ = await offered(router)
    await router.declines(case.case_id)
    await router.matcher.step()
    ana = await http("ana")
    decisions = await items(ana, f"/v1/cases/{case.case_id}/routing")
    assert [one["outcome"] for one in decisions] == ["unroutable", "assigned"]
    assert decisions[0]["waiting_reason"] in {"declined_before", "unavailable"}
    assert decisions[1]["specialist"] == "ana"
    assert set(decisions[1]) == {
        "decision_id", "case_id", "decided_at", "outcome", "specialist", "score", "relaxed", "waiting_reason",
        "candidates", "excluded", "excluded_by", "weights_version", "config_version",
    }  # fmt: skip


async def test_what_is_private_is_read_by_that_person_and_leads_alone(router: Router, http: As) -> None:
    case, _ = await offered(router)
    path = f"/v1/cases/{case.case_id}/routing"
    seen = {name: (await items(await http(name), path))[0] for name in ("ana", "ben", "lead")}
    assert seen["ana"]["excluded_by"] == {"ben": ["unavailable", "language"]}
    assert seen["ana"]["excluded"] == {"language": 1, "unavailable": 1}
    for reader in ("ben", "lead"):
        assert seen[reader]["excluded_by"] == {"ben": ["conflict_of_interest", "language"]}
        assert seen[reader]["excluded"] == {"conflict_of_interest": 1, "language": 1}


async def test_a_case_that_was_not_heard_of_may_come(http: As) -> None:
    answer = await (await http("ana")).get(f"/v1/cases/{uuid4()}/routing")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-yet-known")
    assert answer.headers["Retry-After"] == "1"
    assert (await (await http("ana")).get("/v1/cases/none/routing")).json()["type"] == "/problems/not-found"


async def test_a_preview_decides_by_the_same_code_and_changes_nothing(router: Router, http: As) -> None:
    ana = await http("ana")
    asked = escalation(language="en-GB", region="GB", excluded_specialists=["ben"])
    preview = await ana.post("/v1/routing/preview", json=asked)
    assert preview.status_code == 200, preview.text
    assert (preview.json()["outcome"], preview.json()["specialist"]) == ("assigned", "ana")
    assert preview.json()["excluded_by"] == {"ben": ["unavailable", "language"]}
    async with router.db.connection() as connection:
        for table in ("cases", "decisions", "assignments", "outbox"):
            assert await connection.fetchval(f"SELECT count(*) FROM {table}") == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"policy_area": "nonsense"}, "policy_area"),
        ({"region": "XQ"}, "region"),
        ({"colour": "red"}, "colour"),
        ({"received_at": "9999-12-31T23:00:00Z"}, "received_at"),
    ],
)
async def test_a_preview_refuses_what_intake_would(http: As, change: dict[str, Any], field: str) -> None:
    answer = await (await http("ana")).post("/v1/routing/preview", json=escalation(**change))
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [["body", field]]


async def test_sources_read_no_routing(http: As) -> None:
    tool = await http("report-tool")
    for path in ("/v1/specialists", "/v1/queue", "/v1/assignments", f"/v1/cases/{UUID(int=1)}/routing"):
        assert (await tool.get(path)).status_code == 403
    assert (await tool.post("/v1/routing/preview", json=escalation())).status_code == 403


async def test_gauges_count_what_waits_and_what_is_held(router: Router, http: As) -> None:
    await offered(router, severity="critical")
    await router.routes(Case(summary={"severity": "critical", "language": "is"}).opened())
    text = (await (await http("ana")).get("/metrics")).text
    assert 'tocsin_cases_waiting{reason="language"} 1.0' in text
    assert 'tocsin_specialist_load{state="offered"} 2.0' in text
    assert 'tocsin_routing_decisions_total{outcome="assigned"} 1.0' in text
    assert 'tocsin_routing_match_total{dimension="language",result="match"} 1.0' in text
    assert "tocsin_routing_wait_duration_seconds_count 1.0" in text


async def test_what_people_do_here_is_in_the_audit_without_their_words(router: Router, http: As) -> None:
    case, assignment_id = await offered(router)
    ana = await http("ana")
    assert (await ana.post(f"/v1/assignments/{assignment_id}/decline", json={"reason": "my words"})).status_code == 200
    assert (await ana.put("/v1/specialists/ana/presence", json={"state": "away"})).status_code == 200
    async with router.db.connection() as connection:
        rows = await connection.fetch("SELECT actor_id, action, subject, detail FROM audit ORDER BY id")
    assert [(row["actor_id"], row["action"], row["subject"], row["detail"]) for row in rows] == [
        (
            "ana",
            "assignment.decline",
            f"assignment {assignment_id}",
            {"case_id": str(case.case_id), "specialist": "ana"},
        ),
        ("ana", "presence.set", "specialist ana", {"presence": "away"}),
    ]
