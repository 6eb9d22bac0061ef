"""Keys, scopes and rates: who is let in, and in which order a request is refused."""

from dataclasses import dataclass

import pytest
from fastapi import Depends, FastAPI

from shared.clock import SystemClock
from shared.http.limits import RateLimits
from shared.http.problems import Problem
from shared.http.security import require
from shared.http.server import router
from tests.support.edge import client, edge, key, principal

THING = {"name": "one"}


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YW5hOg==", key("ana"), "Bearer \xe4"]
)
async def test_without_a_known_key_nobody_is_let_in(app: FastAPI, authorization: str | None) -> None:
    headers = {} if authorization is None else {b"Authorization": authorization.encode("latin-1")}
    async with client(app) as stranger:
        answer = await stranger.get("/v1/things", headers=headers)

    assert (answer.status_code, answer.json()["type"]) == (401, "/problems/unauthenticated")
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_scheme_is_known_in_any_case(app: FastAPI) -> None:
    async with client(app) as ana:
        answer = await ana.get("/v1/things", headers={"Authorization": f"bearer {key('ana')}"})

    assert answer.status_code == 200


async def test_a_scope_that_is_not_held_is_forbidden(app: FastAPI) -> None:
    async with client(app, "ben") as ben:
        answer = await ben.post("/v1/things", json=THING)

    assert answer.status_code == 403
    assert "cases:write" in answer.json()["detail"]


async def test_admin_holds_every_scope(app: FastAPI) -> None:
    async with client(app, "lead") as lead:
        assert (await lead.post("/v1/things", json=THING)).status_code == 201


async def test_the_key_is_asked_for_before_anything_is_read(app: FastAPI) -> None:
    """A caller whom nobody knows learns nothing of the body, and costs no parsing."""
    async with client(app) as stranger, client(app, "ben") as ben:
        for body in (b"{", b" " * 2_000_000, b"\xff"):
            assert (await stranger.post("/v1/things", content=body)).status_code == 401
            assert (await ben.post("/v1/things", content=body)).status_code == 403


async def test_keys_change_with_the_configuration(app: FastAPI) -> None:
    async with client(app, "ana") as ana, client(app, "new") as new:
        assert (await new.get("/v1/things")).status_code == 401

        app.state.resources.config.admit_only(principal("new", "cases:read"))

        assert (await new.get("/v1/things")).status_code == 200
        assert (await ana.get("/v1/things")).status_code == 401


@dataclass
class HandClock(SystemClock):
    """Time that a test moves."""

    seconds: float = 100.0

    def monotonic(self) -> float:
        return self.seconds


async def test_beyond_its_rate_a_principal_waits_and_others_do_not() -> None:
    clock = HandClock()
    app = edge(principal("slow", rate_per_second=2), principal("other"), clock=clock)
    routes = router()

    @routes.get("/v1/limited", dependencies=[Depends(require())])
    async def limited() -> None: ...

    app.include_router(routes)
    async with client(app, "slow") as slow, client(app, "other") as other:
        assert [(await slow.get("/v1/limited")).status_code for _ in range(3)] == [200, 200, 429]
        assert (await slow.get("/v1/limited")).headers["retry-after"] == "1"
        assert (await other.get("/v1/limited")).status_code == 200

        clock.seconds += 0.5
        assert [(await slow.get("/v1/limited")).status_code for _ in range(2)] == [200, 429]


def test_a_wait_is_told_in_whole_seconds() -> None:
    limits = RateLimits(HandClock())
    limits.spend("slow", 0.25)

    with pytest.raises(Problem) as refused:
        limits.spend("slow", 0.25)

    assert refused.value.headers == {"Retry-After": "4"}
