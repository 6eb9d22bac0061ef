"""Pages that nobody closed: how long they keep their case in notifier."""

from datetime import datetime, timedelta

import pytest

from services.notifier.store import protection as notifier
from shared.config.holder import ConfigHolder
from shared.ids import uuid7
from tests.conftest import OpenDatabase
from tests.integration.intake.test_retention import _KNOWS, _SAYS, aged, holder, job

__all__ = ["holder"]


@pytest.mark.parametrize(
    ("state", "days", "left"),
    [
        ("exhausted", 401, 0),
        ("acknowledged", 401, 0),
        ("exhausted", 399, 1),
        ("triggered", 401, 1),
    ],
)
async def test_a_page_that_nobody_closed_keeps_its_case_for_its_own_time(
    database: OpenDatabase, holder: ConfigHolder, state: str, days: int, left: int
) -> None:
    db, case_id = await database("notifier"), aged(str(uuid7()), 500)
    resolved_at = (datetime.now().astimezone() - timedelta(days=450)).isoformat()
    async with db.transaction() as tx:
        await tx.execute(_KNOWS["notifier"], case_id, {"status": "resolved", "resolved_at": resolved_at})
        await tx.execute(_SAYS["notifier"], case_id)
        await tx.execute("UPDATE page SET state = $1, created_at = now() - $2::interval", state, timedelta(days=days))
    await job(db, holder, notifier.remove).sweep()
    async with db.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM cases") == left
        assert await connection.fetchval("SELECT count(*) FROM page") == left
