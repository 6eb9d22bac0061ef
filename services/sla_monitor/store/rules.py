"""The versions of sla.yaml that cases were judged by, each with the holidays that its calendars closed then."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import orjson

from services.sla_monitor.definitions import Sources
from shared.config.calendars import STORED
from shared.config.holidays import Holidays, restored
from shared.config.sla import SlaConfig
from shared.db import Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """A stored version; `library` is None in rows of releases that kept no holidays."""

    config: SlaConfig
    library: str | None
    holidays: Mapping[str, Holidays]


async def keep(tx: Tx, version: str, config: SlaConfig, sources: Sources) -> None:
    """Store a version; nothing if it is there."""
    dates = {code: holidays.dates for code, holidays in sources.holidays.items()}
    await tx.execute(
        _KEEP,
        version,
        config.model_dump_json(by_alias=True).encode(),
        sources.library,
        orjson.dumps(dates) if dates else None,
    )


async def read(connection: Tx, versions: Collection[str]) -> dict[str, Kept]:
    """The content of stored versions."""
    rows = await connection.fetch(_READ, list(versions))
    return {
        row["version"]: Kept(
            config=SlaConfig.model_validate(row["sla"], context=STORED),
            library=row["holiday_library"],
            holidays=_holidays(row["holidays"] or {}),
        )
        for row in rows
    }


def _holidays(stored: Mapping[str, Any]) -> dict[str, Holidays]:
    return {code: restored(code, (date.fromisoformat(day) for day in days)) for code, days in stored.items()}


_KEEP = """
INSERT INTO rules (version, sla, holiday_library, holidays) VALUES ($1, $2, $3, $4)
ON CONFLICT (version) DO NOTHING
"""

_READ = "SELECT version, sla, holiday_library, holidays FROM rules WHERE version = ANY ($1::text[])"
