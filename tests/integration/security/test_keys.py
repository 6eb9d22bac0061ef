"""Keys are changed without a gap and without a restart, and never shown: the real watch over the real directory."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http.security import KeyFailure, KeyFault
from tests.support.config_dir import key
from tests.support.waiting import wait_until

TAXONOMY = "/v1/taxonomy"


def hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture
async def intake(apps: dict[str, FastAPI]) -> AsyncIterator[FastAPI]:
    """intake, watching its configuration as a service does."""
    await apps["intake"].state.resources.config.start()
    yield apps["intake"]
    await apps["intake"].state.resources.config.stop()


async def status(app: FastAPI, secret: str, path: str = TAXONOMY) -> int:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as client:
        return (await client.get(path, headers={"Authorization": f"Bearer {secret}"})).status_code


def give_ana(config_dir: Path, *secrets: str) -> None:
    """Write these keys' hashes, and no others, to Ana's line of access.yaml."""
    path = config_dir / "access.yaml"
    access: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    (ana,) = (one for one in access["principals"] if one["id"] == "ana")
    ana["key_sha256"] = [hash_of(secret) for secret in secrets]
    path.write_text(json.dumps(access), encoding="utf-8")


async def test_a_key_is_changed_without_a_gap(intake: FastAPI, config_dir: Path) -> None:
    old, new = key("ana"), "the-new-key-of-ana"
    assert (await status(intake, old), await status(intake, new)) == (200, 401)

    give_ana(config_dir, old, new)
    await wait_until(lambda: accepted(intake, new), 10, what="the new key")
    assert await status(intake, old) == 200

    give_ana(config_dir, new)
    await wait_until(lambda: refused(intake, old), 10, what="the end of the old key")
    assert await status(intake, new) == 200


async def accepted(app: FastAPI, secret: str) -> bool:
    return await status(app, secret) == 200


async def refused(app: FastAPI, secret: str) -> bool:
    return await status(app, secret) == 401


async def test_the_hash_of_a_key_is_no_key(intake: FastAPI) -> None:
    """Who reads access.yaml cannot call."""
    assert await status(intake, hash_of(key("ana"))) == 401


async def test_a_key_that_is_refused_is_told_of_without_being_shown(intake: FastAPI) -> None:
    seen: list[KeyFailure] = []
    intake.state.security.on_failure = seen.append

    assert await status(intake, "no-such-key") == 401
    assert await status(intake, key("nothing")) == 403
    assert await status(intake, "") == 401

    assert [(one.fault, one.principal) for one in seen] == [(KeyFault.UNKNOWN, None), (KeyFault.SCOPE, "nothing")]
    assert "no-such-key" not in repr(seen)
    assert {one.path for one in seen} == {TAXONOMY}
