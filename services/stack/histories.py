"""Which migrations belong to which schema: each service's `migrations` folder, found without importing the service."""

from pathlib import Path

import services
from shared.contracts.vocabulary import ServiceName


def histories() -> dict[str, Path]:
    """Schema -> the folder of its history, for `shared.db.migrations.run_migrations`."""
    root = Path(services.__path__[0])
    return {name.value: root / name.value / "migrations" for name in ServiceName}
