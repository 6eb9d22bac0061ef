"""A router of this test's own, on a Monday morning."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import OpenDatabase
from tests.integration.router.routing import Router, files
from tests.integration.router.tale import MONDAY

MakeRouter = Callable[..., Awaitable[Router]]


@pytest.fixture
async def make_router(database: OpenDatabase, tmp_path: Path) -> MakeRouter:
    """Makes instances over one database: `await make_router(ana, ben, offer_timeout=…)`."""
    made: list[Router] = []

    async def make(*people: dict[str, Any], **changes: Any) -> Router:
        folder = tmp_path / f"config-{len(made)}"
        router = Router(await database("router"), folder, files(*people, **changes)).at(MONDAY)
        made.append(router)
        return router

    return make
