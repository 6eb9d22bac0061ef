"""The desk before a run: who was set away comes back, and what other runs left open is resolved."""

import json
from typing import Any

import httpx

from services.client.caller import Caller
from services.stack.demo.cast import Keys
from services.stack.demo.desk import clear_up, come_back
from shared.clock import SystemClock
from shared.contracts.vocabulary import ServiceName

URLS = {name: f"http://{name}" for name in ServiceName}
KEYS = Keys(lead="key of the lead", others={"rosa": "key of rosa"})


class Services:
    """Lists of specialists and cases; keeps what was changed, by whom."""

    def __init__(self, specialists: list[dict[str, Any]], cases: list[dict[str, Any]]) -> None:
        self.changes: list[tuple[str, str, dict[str, Any]]] = []
        self._specialists = specialists
        self._cases = cases

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"items": self._items(request), "next_cursor": None})
        who = request.headers["Authorization"].removeprefix("Bearer ")
        self.changes.append((who, request.url.path, json.loads(request.content)))
        return httpx.Response(200, json={})

    def _items(self, request: httpx.Request) -> list[dict[str, Any]]:
        if request.url.path == "/v1/specialists":
            return self._specialists
        return [case for case in self._cases if case["status"] == request.url.params["status"]]

    def caller(self) -> Caller:
        client = httpx.AsyncClient(transport=httpx.MockTransport(self))
        return Caller(URLS, KEYS.lead, client, SystemClock())


def specialist(identity: str, presence: str, *, on_shift: bool = True) -> dict[str, Any]:
    return {"id": identity, "presence": presence, "on_shift": on_shift}


def case(external_id: str, status: str = "open") -> dict[str, Any]:
    return {"case_id": external_id, "external_id": external_id, "status": status}


async def test_who_was_set_away_comes_back_by_themselves() -> None:
    people = [
        specialist("rosa", "away"),
        specialist("lena", "available"),
        specialist("ben", "away", on_shift=False),
        specialist("sana", "offline"),
    ]
    services = Services(people, [])
    assert await come_back(services.caller(), KEYS) == ["rosa"]
    assert services.changes == [("key of rosa", "/v1/specialists/rosa/presence", {"state": "available"})]


async def test_only_what_other_runs_left_open_is_resolved() -> None:
    cases = [
        case("demo-old-a"),
        case("demo-now-a"),
        case("mine-1"),
        case("demo-old-b", "pending"),
        case("x demo-old-c"),
    ]
    services = Services([], cases)
    assert await clear_up(services.caller(), "demo-now") == 2
    assert [path for _, path, _ in services.changes] == [f"/v1/cases/demo-old-{name}/resolve" for name in "ab"]
