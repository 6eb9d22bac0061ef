"""The HTTP API over a real database (contract sections 3 and 6)."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.sla_monitor.app import build
from shared.clock import SystemClock
from shared.runtime.resources import Resources
from shared.settings import Settings
from shared.tzdata import tzdata_version
from tests.integration.sla_monitor.monitor import Monitor
from tests.support.config_dir import key
from tests.unit.sla_monitor.tale import Tale, minutes

FRIDAY = "2026-11-27T09:00:00Z"


@pytest.fixture
async def http(monitor: Monitor) -> AsyncIterator[httpx.AsyncClient]:
    """The application of the service over the monitor's database, with Ana's key."""
    settings = Settings()
    resources = Resources("sla_monitor", settings, SystemClock(), monitor.db, monitor.config, monitor.metrics)
    transport = httpx.ASGITransport(build(settings, resources).api, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key('ana')}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://monitor", headers=headers) as client:
        yield client


async def items(http: httpx.AsyncClient, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = await http.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["items"])


async def test_a_clock_shows_what_the_contract_names(monitor: Monitor, http: httpx.AsyncClient) -> None:
    tale = Tale().opened().acknowledged(2)
    monitor.at(minutes(10))
    await monitor.hears(tale.told)

    clocks = {clock["name"]: clock for clock in await items(http, f"/v1/cases/{tale.case_id}/clocks")}

    met = clocks["acknowledge"]
    assert set(met) >= {
        "clock_id", "case_id", "name", "kind", "definition", "definition_version", "cycle", "state", "started_at",
        "due_at", "stopped_at", "breached_at", "cause", "evidence", "elapsed_seconds", "remaining_seconds",
        "thresholds",
    }  # fmt: skip
    assert (met["state"], met["stopped_at"], met["elapsed_seconds"]) == ("met", "2026-11-23T09:02:00Z", 120)
    assert met["remaining_seconds"] == 180
    assert (met["evidence"], met["definition"], met["cycle"]) == ("complete", "acknowledge", 1)
    running = clocks["resolve"]
    assert running["state"] == "running"
    assert running["elapsed_seconds"] == pytest.approx(600, abs=30)
    assert running["thresholds"][0] == {"percent": 50, "at": "2026-11-23T09:30:00Z", "fired_at": None}


async def test_an_unknown_case_and_a_stub_are_not_yet_known(monitor: Monitor, http: httpx.AsyncClient) -> None:
    tale = Tale().opened().accepted(1)
    await monitor.hears(tale.told[1:])

    for case_id in (uuid4(), tale.case_id):
        answer = await http.get(f"/v1/cases/{case_id}/clocks")
        assert answer.status_code == 404
        assert answer.json()["type"] == "/problems/not-yet-known"
        assert answer.headers["Retry-After"] == "1"
    assert (await http.get("/v1/cases/nonsense/clocks")).status_code == 404


async def test_clocks_are_listed_soonest_due_first_page_by_page(monitor: Monitor, http: httpx.AsyncClient) -> None:
    tales = [Tale(severity=severity).opened(received=n) for n, severity in enumerate(["high", "critical", "low"] * 3)]
    paused = Tale().opened().pended(1, "vendor")
    await monitor.hears([received for tale in [*tales, paused] for received in tale.told])

    everything = await items(http, "/v1/clocks", limit=200)
    dues = [clock["due_at"] for clock in everything]
    assert dues == sorted(dues, key=lambda due: (due is None, due or ""))
    assert dues[-1] is None

    seen: list[str] = []
    cursor: str | None = None
    while True:
        answer = (await http.get("/v1/clocks", params={"limit": 4} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [clock["clock_id"] for clock in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break
    assert seen == [clock["clock_id"] for clock in everything]


async def test_lists_are_narrowed_by_state_kind_and_due(monitor: Monitor, http: httpx.AsyncClient) -> None:
    order = {"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}
    await monitor.hears(Tale().opened(orders=[order]).acknowledged(1).told)

    assert [c["name"] for c in await items(http, "/v1/clocks", state="met")] == ["acknowledge"]
    assert [c["name"] for c in await items(http, "/v1/clocks", kind="regulatory")] == ["eu.tco.art3"]
    soon = await items(http, "/v1/clocks", due_before="2026-11-23T09:30:00+00:00", state="running")
    assert soon == []
    soon = await items(http, "/v1/clocks", due_before="2026-11-23T09:30:01Z", state="running")
    assert [c["name"] for c in soon] == ["first_action"]


@pytest.mark.parametrize(
    "query",
    [{"state": "late"}, {"kind": "legal"}, {"due_before": "soon"}, {"limit": 0}, {"limit": 201}, {"cursor": "x"}],
)
async def test_a_wrong_query_is_422_and_names_the_parameter(http: httpx.AsyncClient, query: dict[str, Any]) -> None:
    answer = await http.get("/v1/clocks", params=query)

    assert answer.status_code == 422
    assert next(iter(query)) in answer.json()["errors"][0]["loc"]


async def test_a_forged_cursor_is_422(http: httpx.AsyncClient) -> None:
    some = str(uuid4())
    for position in (["soon", some], ["infinity", "x"], [1, 2], ["0001-01-01T00:00:00+23:59", some]):
        cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")
        assert (await http.get("/v1/clocks", params={"cursor": cursor})).status_code == 422


async def test_keys_and_scopes(http: httpx.AsyncClient) -> None:
    for path in ("/v1/clocks", f"/v1/cases/{uuid4()}/clocks"):
        assert (await http.get(path, headers={"Authorization": ""})).status_code == 401
        assert (await http.get(path, headers={"Authorization": f"Bearer {key('report-tool')}"})).status_code == 403
    refused = await http.post("/v1/sla/preview", json={}, headers={"Authorization": f"Bearer {key('report-tool')}"})
    assert refused.status_code == 403


async def test_preview_answers_as_the_contract_says(http: httpx.AsyncClient) -> None:
    answer = await http.post(
        "/v1/sla/preview",
        json={
            "start": FRIDAY,
            "target": "PT8H",
            "calendar": {"time_zone": "UTC", "weekly": [{"days": ["fri", "mon"], "open": "09:00", "close": "17:00"}]},
            "pauses": [{"start": "2026-11-27T10:00:00Z", "end": "2026-11-27T11:00:00Z"}],
            "thresholds": [50],
            "now": "2026-11-27T13:00:00+01:00",
        },
    )

    assert answer.status_code == 200, answer.text
    assert answer.json() == {
        "due_at": "2026-11-30T10:00:00Z",
        "thresholds": [{"percent": 50, "at": "2026-11-27T14:00:00Z"}],
        "elapsed_seconds": 7200.0,
        "remaining_seconds": 21600.0,
        "state": "running",
    }


async def test_preview_with_a_key_is_answered_once_and_again(http: httpx.AsyncClient) -> None:
    question = {"start": FRIDAY, "target": 3600, "calendar": None}
    first = await http.post("/v1/sla/preview", json=question, headers={"Idempotency-Key": "k-1"})
    again = await http.post("/v1/sla/preview", json=question, headers={"Idempotency-Key": "k-1"})
    other = await http.post("/v1/sla/preview", json={**question, "target": 1}, headers={"Idempotency-Key": "k-1"})

    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert other.status_code == 422


async def test_preview_takes_the_present_where_now_is_not_given(monitor: Monitor, http: httpx.AsyncClient) -> None:
    monitor.at(minutes(0) + timedelta(days=30))
    answer = await http.post("/v1/sla/preview", json={"start": FRIDAY, "target": 3600, "calendar": None})

    assert (answer.json()["state"], answer.json()["due_at"]) == ("breached", "2026-11-27T10:00:00Z")


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("start", {"start": None}),
        ("start", {"start": 5}),
        ("target", {"target": "PT0S"}),
        ("target", {"target": "P2000D"}),
        ("target", {"target": "P999999999D"}),
        ("target", {"target": "P999999999D", "thresholds": [1, 99], "pauses": [{"start": "2026-11-20T17:00:00Z"}]}),
        ("target", {"target": None}),
        ("stop", {"stop": "2026-11-27T08:00:00Z"}),
        ("calendar", {"calendar": "nowhere"}),
        ("calendar", {"calendar": "\ud800"}),
        ("calendar", {"calendar": {"time_zone": "UTC", "weekly": []}}),
        ("calendar", {"calendar": {"time_zone": "../etc", "weekly": []}}),
        ("pauses", {"pauses": [{"start": FRIDAY, "end": "2026-11-26T00:00:00Z"}]}),
        ("thresholds", {"thresholds": [90, 50]}),
        ("thresholds", {"thresholds": [1.5]}),
        ("more", {"more": 1}),
    ],
)
async def test_preview_refuses_and_names_the_field(http: httpx.AsyncClient, field: str, change: dict[str, Any]) -> None:
    body = json.dumps({"start": FRIDAY, "target": "PT8H", "calendar": None, **change})
    answer = await http.post("/v1/sla/preview", content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 422, answer.text
    assert all(error["loc"][:2] == ["body", field] for error in answer.json()["errors"])


async def test_a_business_clock_says_which_hours_and_pauses_made_its_due(
    monitor: Monitor, http: httpx.AsyncClient
) -> None:
    tale = Tale(severity="low").opened().pended(60, "vendor").resumed(90).pended(480, "vendor").resumed(490)
    monitor.at(minutes(500))
    await monitor.hears(tale.told)

    [clock] = [c for c in await items(http, f"/v1/cases/{tale.case_id}/clocks") if c["name"] == "resolve"]

    why = clock["explanation"]
    assert why["target_seconds"] == 8 * 3600
    assert why["calendar"] == {
        "name": "berlin", "time_zone": "Europe/Berlin", "hours": ["mon-fri 09:00-17:00"], "holidays": None,
        "holiday_library": None, "tzdata_version": tzdata_version(),
    }  # fmt: skip
    # In office hours half an hour counts; at 17:00 Berlin time (16:00 UTC) the desk had closed.
    assert [pause["open_seconds"] for pause in why["pauses"]] == [1800, 0]
    assert why["open"] == [
        {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T16:00:00Z"},
        {"start": "2026-11-24T08:00:00Z", "end": "2026-11-24T09:30:00Z"},
    ]
    assert clock["due_at"] == "2026-11-24T09:30:00Z"
    assert why["definition"] | {"version": ""} == {
        "id": "resolve", "version": "", "label": "internal target", "jurisdiction": None, "basis": None, "source": None,
        "certainty": None, "verified_on": None, "note": None, "order": None, "suspended_by": [],
    }  # fmt: skip


async def test_a_legal_clock_names_its_source_in_law_and_the_order(monitor: Monitor, http: httpx.AsyncClient) -> None:
    tale = Tale().opened(orders=[{"clock": "eu.tco.art3", "reference": "BKA-1", "received_at": 0}])
    await monitor.hears(tale.told)

    [clock] = [c for c in await items(http, f"/v1/cases/{tale.case_id}/clocks") if c["kind"] == "regulatory"]

    why = clock["explanation"]["definition"]
    assert (why["id"], why["label"], why["jurisdiction"], why["basis"]) == (
        "eu.tco.art3", "legal deadline", "EU", "test",
    )  # fmt: skip
    assert (why["source"], why["verified_on"], why["order"]) == ("test", "2026-11-22", "BKA-1")
    assert why["suspended_by"] == ["clarification"]
    assert clock["explanation"]["calendar"] is None
