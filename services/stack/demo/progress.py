"""How far a run of the demo is: kept in `<data>/demo.json`, so that a demo that was killed goes on where it was."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError

FILE = "demo.json"
RUN_PREFIX = "demo-"
STALE = timedelta(minutes=10)


class Posted(BaseModel):
    """What became of one scripted escalation."""

    case_id: UUID
    status: str
    sent_at: datetime


class Progress(BaseModel):
    """One run: its name, its beginning, what was posted, and every step that was answered."""

    run: str
    began: datetime
    posted: dict[str, Posted] = Field(default_factory=dict)
    done: dict[str, datetime] = Field(default_factory=dict)
    over: bool = False

    @classmethod
    def load(cls, data_dir: Path, now: datetime) -> Self:
        """The run that was interrupted within the last ten minutes, or a new one."""
        try:
            kept = cls.model_validate_json((data_dir / FILE).read_bytes())
        except (OSError, ValidationError):
            kept = None
        if kept is not None and not kept.over and now - kept.began < STALE:
            return kept
        return cls(run=f"{RUN_PREFIX}{now.astimezone(UTC):%m%d-%H%M%S}", began=now)

    def save(self, data_dir: Path) -> None:
        """Write the whole run, atomically."""
        temporary = data_dir / f"{FILE}.new"
        temporary.write_text(self.model_dump_json(), encoding="utf-8")
        temporary.replace(data_dir / FILE)
