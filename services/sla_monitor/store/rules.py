"""The versions of sla.yaml that cases were judged by."""

from collections.abc import Collection

from shared.config.sla import SlaConfig
from shared.db import Tx


async def keep(tx: Tx, version: str, config: SlaConfig) -> None:
    """Store a version; nothing if it is there."""
    await tx.execute(_KEEP, version, config.model_dump_json(by_alias=True).encode())


async def read(connection: Tx, versions: Collection[str]) -> dict[str, SlaConfig]:
    """The content of stored versions."""
    rows = await connection.fetch("SELECT version, sla FROM rules WHERE version = ANY ($1::text[])", list(versions))
    return {row["version"]: SlaConfig.model_validate(row["sla"]) for row in rows}


_KEEP = "INSERT INTO rules (version, sla) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING"
