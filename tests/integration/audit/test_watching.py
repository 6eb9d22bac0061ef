"""Changes of the configuration and refused keys: recorded once, without values and without secrets."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.audit.configuration import ConfigurationLog
from shared.audit.key_failures import MOST, KeyFailures
from shared.clock import SystemClock
from shared.config.holder import ConfigHolder
from shared.contracts.events import Actor
from shared.contracts.vocabulary import Scope
from shared.db import Database, Row
from shared.http.security import KeyFailure, KeyFault
from shared.observability.metrics import Metrics
from tests.conftest import OpenDatabase
from tests.support.config_dir import configuration, key, write
from tests.support.waiting import wait_until

CLOCK = SystemClock()


async def entries(db: Database) -> list[Row]:
    async with db.connection() as connection:
        return await connection.fetch("SELECT actor_kind, actor_id, action, subject, detail FROM audit ORDER BY id")


@dataclass
class Instance:
    """One process of a service, as far as its configuration goes."""

    holder: ConfigHolder
    log: ConfigurationLog

    async def look(self) -> None:
        await self.holder.look()
        await self.holder.look()


async def instance(db: Database, folder: Path) -> Instance:
    holder = ConfigHolder(folder, CLOCK, Metrics("intake"))
    log = ConfigurationLog(db, holder, CLOCK, Actor.system("intake"))
    await log.start()
    return Instance(holder, log)


async def test_each_change_is_recorded_once_whatever_the_number_of_instances(
    bare: OpenDatabase, tmp_path: Path
) -> None:
    db, files = await bare("intake"), configuration(pager_url="http://127.0.0.1:9")
    folder = write(tmp_path / "config", files)
    instances = [await instance(db, folder), await instance(db, folder)]
    await wait_until(lambda: entries(db))
    for name in ("first", "second"):
        files["access"]["stakeholder_domains"] = [f"{name}.example"]
        write(folder, files)
        for one in instances:
            await one.look()
        await wait_until(lambda name=name: _says(db, instances[0].holder.current.version))
    for one in instances:
        await one.log.stop()
    found = await entries(db)
    assert [row["detail"]["changed"] for row in found[1:]] == [["access.yaml"], ["access.yaml"]]
    assert len(found[0]["detail"]["changed"]) == 7
    assert [row["detail"]["before"] for row in found[1:]] == [row["detail"]["version"] for row in found[:-1]]
    assert "example" not in str([row["detail"] for row in found])


async def _says(db: Database, version: str) -> bool:
    return (await entries(db))[-1]["detail"]["version"] == version


def refused(**fields: Any) -> KeyFailure:
    given: dict[str, Any] = {
        "fault": KeyFault.UNKNOWN,
        "principal": None,
        "needed": Scope.CASES_READ,
        "method": "GET",
        "path": f"/v1/cases/{key('ana')}",
        "client": "10.0.0.7",
    }
    return KeyFailure(**{**given, **fields})


async def test_refused_keys_are_counted_and_written_together(bare: OpenDatabase) -> None:
    db = await bare("intake")
    failures = KeyFailures(db, CLOCK)
    for _ in range(3):
        failures.note(refused())
    failures.note(refused(fault=KeyFault.SCOPE, principal="ben", needed=Scope.ADMIN))
    await failures.write()
    await failures.write()
    found = [(row["actor_id"], row["subject"], row["detail"]) for row in await entries(db)]
    assert found == [
        ("unknown", "client 10.0.0.7", {"reason": "unknown_key", "scope": "cases:read", "count": 3}),
        ("ben", "client 10.0.0.7", {"reason": "scope_missing", "scope": "admin", "count": 1}),
    ]


async def test_a_flood_from_everywhere_makes_a_bounded_number_of_entries(bare: OpenDatabase) -> None:
    db = await bare("intake")
    failures = KeyFailures(db, CLOCK)
    for n in range(MOST + 50):
        failures.note(refused(client=f"10.0.{n // 250}.{n % 250}"))
    await failures.write()
    found = await entries(db)
    assert len(found) == MOST + 1
    assert (found[-1]["subject"], found[-1]["detail"]["count"]) == ("client others", 50)


async def test_what_was_counted_while_postgresql_was_away_is_written_when_it_is_back(bare: OpenDatabase) -> None:
    db, away = await bare("intake"), await bare("intake")
    await away.close()
    failures = KeyFailures(away, CLOCK)
    failures.note(refused())
    try:
        await failures.write()
    except Exception:  # noqa: BLE001 - whatever it is, nothing may be lost
        failures._db = db
    await failures.write()
    assert [row["detail"]["count"] for row in await entries(db)] == [1]
