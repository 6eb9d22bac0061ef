"""The HTTP API over a real database (contract sections 3 and 7)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.notifier.app import build
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.scalars import format_instant
from shared.ids import uuid7
from shared.observability.metrics import Metrics
from shared.runtime.resources import Resources
from shared.settings import Settings
from tests.integration.notifier.harness import Case, Desk
from tests.support.config_dir import key, principal

LAYER: dict[str, Any] = {
    "id": "weekly",
    "rotation": {"unit": "week", "length": 1, "anchor": "2026-01-05T09:00"},
    "responders": ["ana", None, "chika"],
}
SCHEDULE = {"id": "anything", "time_zone": "Europe/Berlin", "layers": [LAYER]}
SPAN = {"start": "2026-01-05T08:00:00Z", "end": "2026-01-26T08:00:00Z"}


@pytest.fixture
async def http(desk: Desk, tmp_path: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The application of the service over the desk's database, with the lead's key."""
    metrics = Metrics("notifier")
    holder = ConfigHolder(tmp_path / "config", SystemClock(), metrics)
    settings = Settings(secret_key="a secret of tests", public_url="http://notifier")
    resources = Resources("notifier", settings, SystemClock(), desk.db, holder, metrics)
    transport = httpx.ASGITransport(build(settings, resources).api, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key('lead')}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://notifier", headers=headers) as client:
        yield client


def preview(**changes: Any) -> dict[str, Any]:
    return {"schedule": SCHEDULE, "overrides": [], **SPAN, **changes}


async def test_a_preview_shows_shifts_coverage_and_gaps(http: httpx.AsyncClient) -> None:
    override = {"responder": "dara", "start": "2026-01-06T08:00:00Z", "end": "2026-01-07T08:00:00Z"}

    answer = await http.post("/v1/schedules/preview", json=preview(overrides=[override]))

    assert answer.status_code == 200
    assert answer.json() == {
        "shifts": [
            {"start": "2026-01-05T08:00:00Z", "end": "2026-01-06T08:00:00Z", "responder": "ana", "source": "weekly"},
            {
                "start": "2026-01-06T08:00:00Z",
                "end": "2026-01-07T08:00:00Z",
                "responder": "dara",
                "source": "override-1",
            },
            {"start": "2026-01-07T08:00:00Z", "end": "2026-01-12T08:00:00Z", "responder": "ana", "source": "weekly"},
            {"start": "2026-01-19T08:00:00Z", "end": "2026-01-26T08:00:00Z", "responder": "chika", "source": "weekly"},
        ],
        "coverage_percent": pytest.approx(200 / 3),
        "gaps": [{"start": "2026-01-12T08:00:00Z", "end": "2026-01-19T08:00:00Z"}],
    }


NONSENSE: list[tuple[dict[str, Any], list[Any]]] = [
    ({"end": SPAN["start"]}, ["body", "end"]),
    ({"end": "2029-01-01T00:00:00Z"}, ["body", "end"]),
    ({"start": "yesterday"}, ["body", "start"]),
    (
        {"overrides": [{"responder": "x", "start": SPAN["end"], "end": SPAN["start"]}]},
        ["body", "overrides", 0, "end"],
    ),
    ({"more": 1}, ["body", "more"]),
    ({"schedule": {**SCHEDULE, "time_zone": "Mars/Base"}}, ["body", "schedule", "time_zone"]),
    ({"schedule": {"id": "x", "time_zone": "UTC"}}, ["body", "schedule", "layers"]),
]


async def test_a_preview_that_makes_no_sense_names_the_field(http: httpx.AsyncClient) -> None:
    for changes, where in NONSENSE:
        answer = await http.post("/v1/schedules/preview", json=preview(**changes))

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == where


async def test_an_anchor_out_of_this_world_is_refused(http: httpx.AsyncClient) -> None:
    for anchor in ("0001-01-01T00:00", "9999-12-31T23:59"):
        layer = {**LAYER, "rotation": {"unit": "hour", "length": 1, "anchor": anchor}}

        answer = await http.post("/v1/schedules/preview", json=preview(schedule={**SCHEDULE, "layers": [layer]}))

        assert answer.status_code == 422


async def test_on_call_says_who_why_until_when_and_who_is_next(http: httpx.AsyncClient) -> None:
    start = "2026-11-24T00:00:00Z"
    override = {"responder": "ben", "start": start, "end": "2026-11-25T00:00:00Z"}
    created = await http.post("/v1/schedules/safety-primary/overrides", json=override)
    assert (created.status_code, created.json()["created_by"]) == (201, "lead")

    before = (await http.get("/v1/schedules/safety-primary/on-call", params={"at": "2026-11-23T12:00:00Z"})).json()
    at_start = (await http.get("/v1/schedules/safety-primary/on-call", params={"at": start})).json()

    assert (before["responder"], before["source"], before["until"]) == ("ana", "always", start)
    assert before["next"] == {"responder": "ben", "start": start}
    assert (at_start["responder"], at_start["source"]) == ("ben", created.json()["override_id"])
    assert before["config_version"]
    assert before["tzdata_version"]


async def test_shifts_are_those_of_the_rendering(http: httpx.AsyncClient) -> None:
    answer = await http.get("/v1/schedules/safety-primary/shifts", params=SPAN)

    assert answer.json()["shifts"] == answer.json()["items"]
    assert answer.json()["shifts"][0]["responder"] == "ana"


async def test_deleting_an_override_restores_what_was_there(http: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    span = {"start": format_instant(now - timedelta(hours=1)), "end": format_instant(now + timedelta(hours=1))}
    path = "/v1/schedules/safety-primary/overrides"
    first = (await http.post(path, json={"responder": "ben", **span})).json()["override_id"]
    second = (await http.post(path, json={"responder": "lead", **span})).json()["override_id"]

    async def responder() -> str:
        return str((await http.get("/v1/schedules/safety-primary/on-call")).json()["responder"])

    seen = [await responder()]
    for override_id in (second, first):
        assert (await http.delete(f"{path}/{override_id}")).status_code == 204
        seen.append(await responder())
    assert seen == ["lead", "ben", "ana"]
    assert (await http.delete(f"{path}/{first}")).status_code == 404


async def test_overrides_are_listed_with_a_cursor_last_created_first(http: httpx.AsyncClient) -> None:
    path = "/v1/schedules/safety-primary/overrides"
    made = [(await http.post(path, json={"responder": "ben", **SPAN})).json()["override_id"] for _ in range(3)]

    first = (await http.get(path, params={"limit": 2})).json()
    rest = (await http.get(path, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [item["override_id"] for item in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None


async def test_an_override_that_makes_no_sense_is_refused(http: httpx.AsyncClient) -> None:
    for body in [
        {"responder": "ben", "start": SPAN["end"], "end": SPAN["start"]},
        {"responder": "ben", "start": SPAN["start"], "end": SPAN["start"]},
        {"responder": "nobody", **SPAN},
        {"responder": "ben", "replaces": "nobody", **SPAN},
        {"responder": 5, **SPAN},
        {"responder": "ben"},
    ]:
        answer = await http.post("/v1/schedules/safety-primary/overrides", json=body)

        assert answer.status_code == 422
        assert answer.json()["errors"]


async def test_what_is_not_there_is_404(http: httpx.AsyncClient) -> None:
    for path in [
        "/v1/schedules/nope",
        "/v1/schedules/nope/on-call",
        "/v1/schedules/nope/shifts?start=2026-01-01T00:00:00Z&end=2026-01-02T00:00:00Z",
        "/v1/schedules/nope/overrides",
        "/v1/schedules/safety-primary.ics",
        "/v1/pages/nope",
        f"/v1/pages/{uuid4()}",
    ]:
        assert (await http.get(path)).status_code == 404


async def test_a_bad_range_is_422(http: httpx.AsyncClient) -> None:
    for start in ["2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "soon"]:
        span = {"start": start, "end": "2026-01-01T00:00:00Z"}

        assert (await http.get("/v1/schedules/safety-primary/shifts", params=span)).status_code == 422


async def test_without_a_key_401_and_without_the_scope_403(http: httpx.AsyncClient) -> None:
    anonymous = await http.get("/v1/pages", headers={"Authorization": ""})
    reader = await http.post("/v1/pages", json={}, headers={"Authorization": f"Bearer {key('ana')}"})

    assert (anonymous.status_code, anonymous.headers["www-authenticate"]) == (401, "Bearer")
    assert reader.status_code == 403


async def test_a_manual_page_is_opened_once_acknowledged_and_closed_by_hand(http: httpx.AsyncClient) -> None:
    body = {"policy": "safety", "summary": "Somebody please look at this"}
    opened = await http.post("/v1/pages", json=body, headers={"Idempotency-Key": "k"})
    again = await http.post("/v1/pages", json=body, headers={"Idempotency-Key": "k"})
    page = opened.json()

    assert (opened.status_code, again.json()["page_id"]) == (201, page["page_id"])
    assert again.headers["idempotency-replayed"] == "true"
    assert opened.headers["location"] == f"/v1/pages/{page['page_id']}"
    assert [reason["kind"] for reason in page["reasons"]] == ["manual"]
    assert (page["urgency"], page["case_id"], page["responders"][0]["responder"]) == ("high", None, "ana")

    seen = []
    for command in ("acknowledge", "acknowledge", "resolve", "resolve"):
        answer = await http.post(f"/v1/pages/{page['page_id']}/{command}")
        seen.append((answer.status_code, answer.json()["state"], answer.json()["acknowledged_by"]))
    assert seen == [(200, "acknowledged", "lead")] * 2 + [(200, "resolved", "lead")] * 2


async def test_a_manual_page_of_a_case_that_is_not_known_yet_comes_back_later(
    http: httpx.AsyncClient, desk: Desk
) -> None:
    body = {"policy": "safety", "summary": "x", "case_id": str(uuid7())}
    early = await http.post("/v1/pages", json=body)
    case = Case()
    await desk.take(case.event("case.opened"))
    later = await http.post("/v1/pages", json={**body, "case_id": str(case.case_id)})

    assert (early.status_code, early.headers["retry-after"]) == (404, "1")
    assert early.json()["type"] == "/problems/not-yet-known"
    assert (later.status_code, later.json()["severity"]) == (201, "critical")


@pytest.fixture
def paging_source(files: dict[str, Any]) -> str:
    files["access"]["principals"].append(principal("probe", "source", ["pages:write"]))
    return "probe"


async def test_pages_about_cases_are_not_for_sources(paging_source: str, http: httpx.AsyncClient, desk: Desk) -> None:
    case = Case()
    await desk.take(case.event("case.opened"))
    body = {"policy": "safety", "summary": "x", "case_id": str(case.case_id)}
    page = f"/v1/pages/{(await http.post('/v1/pages', json=body)).json()['page_id']}"
    http.headers["Authorization"] = f"Bearer {key(paging_source)}"

    asked = [("/v1/pages", body), (f"{page}/acknowledge", None), (f"{page}/resolve", None)]
    assert [(await http.post(path, json=sent)).status_code for path, sent in asked] == [403, 404, 404]
    assert (await desk.page()).state == "triggered"


async def test_a_manual_page_that_makes_no_sense_is_refused(http: httpx.AsyncClient) -> None:
    for fields in [{"policy": "nope"}, {"summary": ""}, {"summary": "a\x00b"}, {"urgency": "x"}]:
        body = {"policy": "safety", "summary": "x", **fields}

        assert (await http.post("/v1/pages", json=body)).status_code == 422


async def test_only_a_manual_page_is_closed_by_hand(http: httpx.AsyncClient, desk: Desk) -> None:
    await desk.take(Case().clock("breached", uuid7()))

    answer = await http.post(f"/v1/pages/{(await desk.page()).page_id}/resolve")

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-manual")


async def test_pages_are_listed_newest_first_by_case_and_state(http: httpx.AsyncClient, desk: Desk) -> None:
    cases = [Case() for _ in range(3)]
    for case in cases:
        await desk.take(case.clock("breached", uuid7()))
    await desk.take(cases[0].resolved())

    async def case_ids(**params: Any) -> list[str]:
        answer = await http.get("/v1/pages", params=params)
        return [item["case_id"] for item in answer.json()["items"]]

    assert await case_ids() == [str(case.case_id) for case in cases[::-1]]
    assert await case_ids(state="resolved") == [str(cases[0].case_id)]
    assert await case_ids(case_id=cases[1].case_id) == [str(cases[1].case_id)]
    first = (await http.get("/v1/pages", params={"limit": 2})).json()
    assert await case_ids(limit=2, cursor=first["next_cursor"]) == [str(cases[0].case_id)]
    assert (await http.get("/v1/pages", params={"cursor": "nonsense"})).status_code == 422


async def test_a_page_shows_attempts_with_redacted_destinations(http: httpx.AsyncClient, desk: Desk) -> None:
    await desk.take(Case().clock("breached", uuid7()))

    page = (await http.get(f"/v1/pages/{(await desk.page()).page_id}")).json()

    (attempt,) = page["attempts"]
    assert set(attempt) >= {
        "attempt_id", "channel", "destination", "responder", "step", "round", "state", "tries", "at", "provider_ref",
        "error",
    }  # fmt: skip
    assert attempt["destination"] == "http://127.0.0.1/…"


async def test_a_link_shows_a_button_and_only_a_post_acknowledges(http: httpx.AsyncClient, desk: Desk) -> None:
    await desk.take(Case().clock("breached", uuid7()))
    page = await desk.page()
    url = desk.links.url(page.page_id, "ana", datetime.now(UTC)).replace("http://tocsin.test", "")
    stranger = {"Authorization": ""}

    shown = await http.get(url, headers=stranger)
    assert (shown.status_code, (await desk.page()).state) == (200, "triggered")
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    assert '<form method="post"><button type="submit">Acknowledge as ana</button></form>' in shown.text
    assert "<script" not in shown.text

    for _ in range(2):
        posted = await http.post(url, headers={**stranger, "content-type": "application/x-www-form-urlencoded"})
        assert (posted.status_code, (await desk.page()).acknowledged_by) == (200, "ana")
        assert "<button" not in posted.text


async def test_an_altered_or_expired_link_is_401(http: httpx.AsyncClient, desk: Desk) -> None:
    await desk.take(Case().clock("breached", uuid7()))
    page_id = (await desk.page()).page_id
    genuine = desk.links.url(page_id, "ana", datetime.now(UTC)).replace("http://tocsin.test", "")
    expired = desk.links.url(page_id, "ana", datetime.now(UTC) - timedelta(days=2)).replace("http://tocsin.test", "")

    for url in (expired, genuine[:-1] + ("A" if genuine[-1] != "A" else "B"), genuine[:-20], "/v1/ack/nonsense"):
        assert (await http.get(url)).status_code == 401
        assert (await http.post(url)).status_code == 401
    assert (await desk.page()).state == "triggered"
    browser = await http.get(expired, headers={"accept": "text/html"})
    assert (browser.status_code, browser.headers["content-type"]) == (401, "text/html; charset=utf-8")


async def test_what_a_person_typed_cannot_become_markup(http: httpx.AsyncClient, desk: Desk) -> None:
    await http.post("/v1/pages", json={"policy": "safety", "summary": "<script>alert(1)</script>"})
    page = await desk.page()

    shown = await http.get(desk.links.url(page.page_id, "ana", datetime.now(UTC)).replace("http://tocsin.test", ""))

    assert "<script>" not in shown.text
    assert "&lt;script&gt;" in shown.text


async def test_metrics_of_the_contract_are_there_from_the_start(http: httpx.AsyncClient) -> None:
    text = (await http.get("/metrics")).text

    for name in (
        "tocsin_pages_total", "tocsin_page_attempts_total", "tocsin_page_delivery_duration_seconds",
        "tocsin_page_acknowledge_duration_seconds", "tocsin_pages_open", "tocsin_on_call_covered",
    ):  # fmt: skip
        assert f"# TYPE {name.removesuffix('_total')}" in text
    assert 'tocsin_on_call_covered{schedule="safety-primary"} 1.0' in text
    assert 'tocsin_pages_open{state="exhausted"} 0.0' in text


async def test_what_people_do_here_is_in_the_audit_without_their_words(http: httpx.AsyncClient, desk: Desk) -> None:
    override = {"responder": "ben", "start": SPAN["start"], "end": SPAN["end"]}
    path = "/v1/schedules/safety-primary/overrides"
    created = (await http.post(path, json=override)).json()["override_id"]
    assert (await http.delete(f"{path}/{created}")).status_code == 204
    page = (await http.post("/v1/pages", json={"policy": "safety", "summary": "my words"})).json()["page_id"]
    for _ in range(2):
        assert (await http.post(f"/v1/pages/{page}/acknowledge")).status_code == 200
    assert (await http.post(f"/v1/pages/{page}/resolve")).status_code == 200
    async with desk.db.connection() as connection:
        rows = await connection.fetch("SELECT actor_id, action, subject, detail FROM audit ORDER BY id")
    assert [(row["action"], row["subject"]) for row in rows] == [
        ("override.create", "schedule safety-primary"),
        ("override.delete", "schedule safety-primary"),
        ("page.open", f"page {page}"),
        ("page.acknowledge", f"page {page}"),
        ("page.resolve", f"page {page}"),
    ]
    assert {row["actor_id"] for row in rows} == {"lead"}
    assert "my words" not in str([row["detail"] for row in rows])
