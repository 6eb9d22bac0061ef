"""No route of any service is unguarded: the route table and the OpenAPI documents are walked, each way in is tried."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.config_dir import key
from tests.support.four_services import described, route_table
from tests.support.installation import SERVICES

Operation = tuple[str, str]

OPEN = {("GET", path) for path in ("/livez", "/readyz", "/metrics", "/openapi.json", "/docs")}
"""Contract section 3: these need no key, at every service."""

OWN_PROOF = {
    "notifier": {
        *((method, "/v1/ack/{token}") for method in ("GET", "POST")),
        *(("POST", f"/v1/hooks/{provider}") for provider in ("twilio", "slack", "pagerduty", "{provider}")),
    }
}
"""What carries a signature of its own; without one it is 401 as well."""

SCOPES = {
    "intake": [
        (r"POST /v1/escalations(/batch)?", "escalations:write"),
        (r"GET /v1/(taxonomy|cases.*)", "cases:read"),
        (r"POST /v1/cases/.*", "cases:write"),
    ],
    "router": [
        (r"GET /v1/specialists/\{\w+\}/exposure", None),
        (r"(GET /v1/.*|POST /v1/routing/preview)", "routing:read"),
        (r"(PUT|POST) /v1/.*", "routing:write"),
    ],
    "sla_monitor": [(r"(GET /v1/.*|POST /v1/sla/preview)", "sla:read")],
    "notifier": [
        (r"(GET /v1/schedules.*|POST /v1/schedules/preview)", "oncall:read"),
        (r"(POST|DELETE) /v1/schedules/.*", "oncall:write"),
        (r"GET /v1/pages.*", "pages:read"),
        (r"POST /v1/pages.*", "pages:write"),
    ],
}
"""Contract sections 4 to 7, the first that fits; None: any known key, the rest is a matter of who it is."""

SAMPLES = {"specialist_id": "ana", "schedule_id": "safety-primary", "token": "nonsense", "provider": "slack"}
SOME_ID = "01945b1e-0000-7000-8000-000000000000"


def scope_of(service: str, operation: Operation) -> str | None:
    line = " ".join(operation)
    found = [scope for pattern, scope in SCOPES[service] if re.fullmatch(pattern, line)]
    assert found, f"{service}: {line} is in no line of the contract"
    return found[0]


def guarded(service: str, app: FastAPI) -> list[Operation]:
    return sorted(route_table(app) - OPEN - OWN_PROOF.get(service, set()))


@asynccontextmanager
async def caller(app: FastAPI, principal: str | None) -> AsyncIterator[httpx.AsyncClient]:
    headers = {} if principal is None else {"Authorization": f"Bearer {key(principal)}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client:
        yield client


async def statuses(app: FastAPI, operations: list[Operation], principal: str | None) -> dict[Operation, int]:
    """What this principal is answered on each, with an empty body."""
    async with caller(app, principal) as client:
        return {operation: (await call(client, operation)).status_code for operation in operations}


async def call(client: httpx.AsyncClient, operation: Operation) -> httpx.Response:
    method, path = operation
    filled = re.sub(r"\{(\w+)\}", lambda name: SAMPLES.get(name[1], SOME_ID), path)
    return await client.request(method, filled, json=None if method in ("GET", "DELETE") else {})


@pytest.mark.parametrize("service", SERVICES)
async def test_what_is_answered_is_what_is_described(apps: dict[str, FastAPI], service: str) -> None:
    """A route that OpenAPI does not tell of would escape every other check."""
    async with caller(apps[service], None) as anybody:
        document: dict[str, Any] = (await anybody.get("/openapi.json")).json()

    assert described(apps[service], document) == route_table(apps[service]) - OPEN
    assert route_table(apps[service]) >= OPEN


@pytest.mark.parametrize("service", SERVICES)
async def test_the_described_scope_is_the_contracts(apps: dict[str, FastAPI], service: str) -> None:
    async with caller(apps[service], None) as anybody:
        paths = (await anybody.get("/openapi.json")).json()["paths"]

    for method, path in guarded(service, apps[service]):
        operation = paths[path][method.lower()]
        wanted = scope_of(service, (method, path))
        assert operation.get("x-scopes", []) == ([wanted] if wanted else []), (method, path)
        assert operation["security"], (method, path)


@pytest.mark.parametrize("service", SERVICES)
async def test_without_a_key_everything_but_the_open_is_401(apps: dict[str, FastAPI], service: str) -> None:
    app = apps[service]
    refused = await statuses(app, sorted(route_table(app) - OPEN), None)
    unknown = await statuses(app, guarded(service, app), "nobody-has-this-key")

    assert set(refused.values()) | set(unknown.values()) == {401}, (refused, unknown)
    assert set((await statuses(app, sorted(OPEN - {("GET", "/readyz")}), None)).values()) == {200}


@pytest.mark.parametrize("service", SERVICES)
async def test_without_the_scope_it_is_403_and_with_it_alone_it_is_not(apps: dict[str, FastAPI], service: str) -> None:
    app = apps[service]
    for operation in guarded(service, app):
        scope = scope_of(service, operation)
        if scope is None:
            continue
        name = scope.replace(":", "-")
        for lacking in ("nothing", f"all-but-{name}"):
            assert (await statuses(app, [operation], lacking))[operation] == 403, (operation, lacking)
        assert (await statuses(app, [operation], "lead"))[operation] not in (401, 403, 500), operation
        if operation != ("PUT", "/v1/specialists/{specialist_id}/presence"):  # another's, whatever the scope
            assert (await statuses(app, [operation], f"only-{name}"))[operation] not in (401, 403, 500), operation


FOR_PERSONS = {
    "intake": {("POST", "/v1/cases/{case_id}/"), ("GET", "/v1/cases/{case_id}/timeline")},
    "router": {
        ("GET", "/v1/queue"),
        ("GET", "/v1/assignments"),
        ("GET", "/v1/cases/{case_id}/routing"),
        ("PUT", "/v1/specialists/{specialist_id}/presence"),
        ("POST", "/v1/assignments/"),
    },
    "sla_monitor": {("GET", "/v1/clocks"), ("GET", "/v1/cases/{case_id}/clocks")},
    "notifier": {("GET", "/v1/pages")},
}
"""What shows or moves cases without asking whose they are, by the beginning of the path."""


@pytest.mark.parametrize("service", SERVICES)
async def test_a_source_with_every_scope_sees_no_case_of_others(apps: dict[str, FastAPI], service: str) -> None:
    for operation, status in (await statuses(apps[service], guarded(service, apps[service]), "tool")).items():
        method, path = operation
        closed = any(method == m and path.startswith(beginning) for m, beginning in FOR_PERSONS[service])
        assert status in ((403, 422) if closed else (200, 202, 404, 422)), (operation, status)  # 422: no body
